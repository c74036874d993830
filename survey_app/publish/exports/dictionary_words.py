"""The sentences of the dictionary that stands beside an export, in both languages of the staff."""

HEADER = {
    "vi": ("Cột", "Giá trị trong ô", "Nghĩa"),
    "en": ("Column", "What stands in a cell", "Meaning"),
}
BASES = {
    "vi": {
        "probability": (
            "Cơ sở chọn mẫu: chọn mẫu xác suất. Chỉ phiếu loại A thuộc mẫu; loại B, C, D là tự "
            "nguyện, không cộng gộp với loại A."
        ),
        "census": (
            "Cơ sở chọn mẫu: hỏi toàn bộ. Chỉ phiếu loại A thuộc cuộc hỏi toàn bộ; loại B, C, D là tự"
            " nguyện, không cộng gộp với loại A."
        ),
        "opt_in": (
            "Cơ sở chọn mẫu: tự nguyện (không chọn mẫu). Người trả lời có thể khác với tất cả người "
            "được phục vụ; không cộng gộp các loại phiếu."
        ),
    },
    "en": {
        "probability": (
            "Sampling basis: a probability sample. Only class A belongs to it; classes B, C, D are "
            "opt-in and never pooled with A."
        ),
        "census": (
            "Sampling basis: a census. Only class A belongs to it; classes B, C, D are opt-in and "
            "never pooled with A."
        ),
        "opt_in": (
            "Sampling basis: opt-in (no sample was drawn). Who answered may differ from all served; "
            "classes are never pooled."
        ),
    },
}
SAID = {
    "vi": {
        "file": "Về tệp này",
        "row": (
            "Mỗi dòng là một phiếu đã vào số liệu phát hành; phiếu còn chờ và phiếu bị loại không có "
            "trong tệp."
        ),
        "index": (
            "Chỉ số hài lòng (từ 0 đến 1): số câu trả lời hài lòng chia cho số câu trả lời có mức của"
            " các câu sau, gộp mọi câu; phiếu của mẫu nhân với quyền số: {items}. Hài lòng là: "
            "{satisfied}. Không tính là hài lòng: {others}. Bỏ trống, không có ý kiến, không áp dụng,"
            " không hỏi: không tính vào số chia."
        ),
        "empty": (
            "Ô câu hỏi để trống: người trả lời bỏ trống. “{not_asked}”: câu không được hỏi (phiên bản"
            " khác, hoặc chỉ hỏi sau một câu khác)."
        ),
        "withheld": (
            "“{withheld}”, ở {n} phiếu: số liệu của đơn vị về câu này được giữ kín, vì từ đó suy ra được câu"
            " trả lời của một vài người."
        ),
        "weights": "Cả {total} phiếu của mẫu trong tệp có quyền số và đơn vị chọn mẫu cấp I.",
        "lacking_weights": (
            "{n} trên {total} phiếu của mẫu trong tệp không ghi quyền số và đơn vị chọn mẫu cấp I, vì"
            " có dưới 5 phiếu chung ô mẫu. Vì vậy không tính lại được chỉ số và khoảng tin cậy từ tệp"
            " này: hãy lấy ở số liệu công bố."
        ),
    },
    "en": {
        "file": "About this file",
        "row": (
            "One row is one response in released figures; those that wait and voided ones are not in "
            "the file."
        ),
        "index": (
            "Satisfaction index (0 to 1): satisfied answers divided by answers on the scale of these "
            "questions, pooled; responses of a sample times their weight: {items}. Satisfied are: "
            "{satisfied}. Not satisfied are: {others}. Skipped, no opinion, does not apply and not "
            "asked are not in the divisor."
        ),
        "empty": (
            "A question's cell is empty where the respondent skipped it. “{not_asked}”: it was not "
            "asked (another version, or only after another answer)."
        ),
        "withheld": (
            "“{withheld}”, in {n} responses: the office's figure of this question is hidden, since answers "
            "of a few people could be worked out from it."
        ),
        "weights": (
            "All {total} responses of the sample in this file have weight and primary sampling unit."
        ),
        "lacking_weights": (
            "{n} of {total} responses of the sample in this file lack weight and primary sampling "
            "unit, because fewer than five share their cell. So the index and its interval cannot be "
            "computed again from this file: take them from the published figures."
        ),
    },
}
NOTES = {
    "vi": {
        "index": "(thuộc chỉ số hài lòng)",
        "beside": "(nêu bên cạnh, không thuộc chỉ số)",
        "share": "(nêu thành tỷ lệ riêng, không thuộc chỉ số)",
        "apart": "(không thuộc chỉ số)",
        "satisfied": "tính là hài lòng",
        "not_satisfied": "không tính là hài lòng",
        "not_counted": "không tính",
        "in_share": "tính vào tỷ lệ",
    },
    "en": {
        "index": "(part of the satisfaction index)",
        "beside": "(beside the index, not part of it)",
        "share": "(a share of its own, not part of the index)",
        "apart": "(not part of the index)",
        "satisfied": "counts as satisfied",
        "not_satisfied": "does not count as satisfied",
        "not_counted": "not counted",
        "in_share": "counts in the share",
    },
}
