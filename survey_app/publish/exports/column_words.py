"""What the columns that every export has are called, and what stands in them: its heading and its legend."""

SHEETS = {"vi": ("Phiếu trả lời", "Các cột"), "en": ("responses", "columns")}
CLASSES = {
    "vi": "A: chọn ngẫu nhiên; B: được mời tại quầy; C: tự quét mã; D: cán bộ ghi hộ",
    "en": "A: chosen at random; B: invited at the counter; C: chose to scan; D: written down by staff",
}
# By language: the heading where answers are words, and the explanation.
WORDS = {
    "campaign": {
        "vi": ("Mã cuộc khảo sát", "Mã của cuộc khảo sát"),
        "en": ("Code of the survey", "The code of the survey"),
    },
    "office_code": {
        "vi": ("Mã đơn vị", "Mã của đơn vị nhận phiếu"),
        "en": ("Code of the office", "The code of the office that received the response"),
    },
    "office_name": {
        "vi": ("Tên đơn vị", "Tên của đơn vị nhận phiếu"),
        "en": ("Office", "The name of the office that received the response"),
    },
    "provenance": {"vi": ("Loại phiếu", CLASSES["vi"]), "en": ("Class", CLASSES["en"])},
    "counter": {
        "vi": ("Quầy", "Quầy có mã đã quét; trống nếu có dưới 5 phiếu trùng nhau, hoặc mã là của cả đơn vị"),
        "en": ("Counter", "Empty where fewer than five share it, or the code is the whole office's"),
    },
    "way_in": {
        "vi": (
            "Cách vào",
            "poster: tờ mã; screen: màn hình; invitation: phiếu mời; paper: phiếu giấy; trống như cột quầy",
        ),
        "en": ("Way in", "poster, screen, invitation or paper; empty as the counter is"),
    },
    "mode": {
        "vi": (
            "Hình thức",
            "web: trên trang; kiosk: máy đặt tại chỗ; paper: giấy; telephone: điện thoại; trống như cột quầy",
        ),
        "en": ("Mode", "web, kiosk, paper or telephone; empty as the counter is"),
    },
    "month": {
        "vi": ("Tháng", "Tháng trả lời; trống nếu có dưới 5 phiếu trùng nhau"),
        "en": ("Month", "Empty where fewer than five responses share it"),
    },
    "day": {
        "vi": ("Ngày", "Ngày trả lời; trống nếu có dưới 5 phiếu cùng quầy và ngày"),
        "en": ("Day", "Empty where fewer than five responses share counter and day"),
    },
    "version": {
        "vi": ("Phiên bản phiếu hỏi", "Mã và số phiên bản của phiếu hỏi đã trả lời"),
        "en": ("Version of the form", "Code and number of the version that was answered"),
    },
    "cell": {
        "vi": ("Ô mẫu", "Ô của mẫu ngẫu nhiên; trống nếu phiếu không thuộc mẫu hoặc có dưới 5 phiếu chung ô"),
        "en": ("Cell", "Of the drawn sample; empty without one, or where fewer than five responses share it"),
    },
    "stratum": {
        "vi": ("Tầng", "Tầng của mẫu; trống nếu phiếu không thuộc mẫu hoặc có dưới 5 phiếu chung tầng"),
        "en": ("Stratum", "Of the sample; empty without one, or where fewer than five responses share it"),
    },
    "psu": {
        "vi": ("Đơn vị chọn mẫu cấp I", "Đơn vị được chọn trước trong tầng; chỉ ghi khi có ô mẫu"),
        "en": ("Primary sampling unit", "What was drawn first in the stratum; stands only with a cell"),
    },
    "weight": {
        "vi": ("Quyền số", "Một phiếu đại diện cho bao nhiêu người của ô mẫu; chỉ ghi khi có ô mẫu"),
        "en": ("Weight", "How many people of the cell a response stands for; stands only with a cell"),
    },
}
