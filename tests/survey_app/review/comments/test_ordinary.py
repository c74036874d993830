"""A hundred ordinary comments with numbers in them: not one of them loses a word."""

import pytest

from survey_app.review.comments.redact import redacted

ORDINARY = """
Tôi nộp 150.000 đồng ngày 12/03/2026 lúc 8:30.
Theo Nghị định 61/2018/NĐ-CP thì phải có phiếu hẹn.
Nghị định 61/2018/NĐ-CP, 107/2021/NĐ-CP và Thông tư 01/2018/TT-VPCP.
Luật số 91/2025/QH15, có hiệu lực từ 01/01/2026.
Quyết định số 1234/QĐ-UBND ngày 15/02/2026.
Công văn 567/UBND-NC ngày 3/4/2026 chưa ai biết.
Làm việc từ 07:30 - 11:30, 13:30 - 17:00.
Sáng 7h30-11h30, chiều 13h30-17h00.
Giờ làm việc 08:00–11:30 và 13:30–16:30 mà 8:45 mới mở cửa.
Lấy số lúc 8:30, 9:15 vẫn chưa gọi, 10:05 mới đến lượt.
Chờ từ 8 giờ 30 đến 10 giờ 45, tức 2 giờ 15 phút.
Quầy số 3, 12/03/2026, chờ 45 phút.
Quầy 3 ngày 12/03/2026 08:30, cán bộ vui vẻ.
Ngày 12-03-2026 tôi nộp, 20-03-2026 nhận.
Ngày 12.03.2026 hẹn 19.03.2026 trả.
Đi 4 lần: 2/3, 5/3, 9/3, 12/3.
Đi các ngày 01/03, 05/03, 12/03, 19/03 đều không xong.
Hẹn 12/3/26, dời sang 15/3/26.
Từ 12/3/26 - 15/3/26 không ai nghe.
Năm 2024, 2025, 2026 tôi đều đến đây.
Giai đoạn 2021-2025 và 2026-2030.
So với 2023 - 2024 thì 2025 - 2026 tốt hơn.
Năm 2025 đi 3 lần, năm 2026 đi 1 lần.
Trong 3 năm 2023, 2024, 2025 chưa lần nào đúng hẹn.
Nam 2025 khong duoc, nam 2026 duoc.
Quý 1/2026, quý 2/2026 đều trễ.
Các tháng 1/2026, 2/2026, 3/2026 đều trễ hẹn.
Ngày 12 tháng 3 năm 2026, 8:30 sáng.
12/3 năm 2026, lúc 9:05.
Lệ phí 150.000 + 200.000 = 350.000 là đúng.
Thu 50.000, 100.000, 200.000 tùy hồ sơ.
Nộp 1.500.000 đồng, hai lần 250.000đ, tổng 15000000 VND.
Phí 12.500.000 đồng, ngày 5/3/2026: 12.500.000 đồng.
Nộp 2.000.000đ ngày 5/3, còn 1.250.000đ.
Mức thu 35.000 - 150.000 đồng.
Thuế 1,5% và lệ phí 0,5%, tổng 2.345.000 đ.
Đất 120,5 m2, giá 25.000.000 đồng/m2.
Thửa đất số 123, tờ bản đồ 45, diện tích 1.234,5 m2.
Bản photo 2.000 đồng một trang, 15 trang 30.000 đồng.
Công chứng 3 bản, 10 trang, hết 120000 đồng.
Có 10 người, 20 ghế, 2 quầy, 1 cán bộ.
Có 1 người làm, 3 người ngồi chơi, 12 người chờ.
Điểm: 4,5/5.
Cho 5/5, 4/5, 3/5, 5/5 theo thứ tự.
Tôi cho 9/10, chỉ trừ 1/10 vì chờ lâu.
Chấm 5 sao, 100%.
Tăng 15% so với 2024, giảm 3% so với 2025.
Đúng hẹn 98,5%; trễ 1,5%.
Một hai lần thì được, ba bốn lần thì không.
Không một ai trong năm người biết trả lời.
Năm lần bảy lượt mới xong.
Ba năm nay đi sáu bảy lần vẫn không được.
Hai cô ở quầy một và quầy hai rất tốt.
Đi 2, 3 lần mới xong.
Đi 3-4 lần, mỗi lần 2-3 tiếng.
Chờ 30-45 phút, có hôm 60-90 phút.
Mất 15 ngày làm việc, quy định 7 ngày.
Nhà cách 12 km, xăng 25.000đ/lít.
Đi 10 km 2 lượt hết 50.000đ.
Đi xe 29 chỗ, 45 phút.
Chạy 15 km 1000 lần cũng chịu.
Cân nặng 50 kg 1200 bao.
Nộp 20 tr 5000 cũng được.
Tầng 2, phòng 205, quầy 7.
Phòng 101, 102, 103 đều đóng cửa.
Khoản 2 Điều 15 Nghị định 118/2025/NĐ-CP.
Điểm a khoản 3 Điều 12 Luật Đất đai 2024.
Theo khoản 1, 2, 3 Điều 8 thì tôi đủ giấy tờ.
Mẫu số 01, mẫu số 02 và mẫu 03 giống nhau.
Tờ khai mẫu CT01, CT07 không có sẵn.
Nghị quyết 57-NQ/TW và Đề án 06.
Nghị quyết 68/NQ 2025 nói rõ rồi.
Hướng dẫn 15/KH 2026 không rõ.
Dịch vụ công mức 4, bước 3/5 bị lỗi.
Lỗi 404, 500 và 503 khi nộp trên mạng.
Trang web báo lỗi 502 lúc 21:15 ngày 10/3.
Mã OTP có 6 số mà 5 phút mới đến.
Số thứ tự 125, gọi đến 98 thì nghỉ.
Số thứ tự 0125, đang gọi 0098.
Phiếu số 12, 13, 14 gọi cùng lúc.
Bấm số 7:45, lấy số 23, 9:50 mới gọi.
Họ tên dài 25 ký tự, máy chỉ nhận 20.
Con tôi sinh ngày 05/06/2025, 9 tháng rồi chưa có giấy.
Mẹ tôi 85 tuổi, sinh năm 1941, đi lại khó.
Sinh 1960, 1965 đều phải chờ như nhau.
Trẻ em dưới 6 tuổi, người trên 75 tuổi được ưu tiên.
2 vợ chồng, 3 con, 1 mẹ già.
24/7 mà gọi không được.
Nghỉ lễ 30/4-1/5 có thông báo.
Nghỉ lễ 30/4 và 1/5, nghỉ bù 2/5, 3/5.
Tết nghỉ từ 14/02/2026 đến 22/02/2026 (9 ngày).
tu 10-12 gio khong co ai
an trua 11-13 gio moi lam lai
Khối 12 a có 45 em.
Wifi chậm, 3G, 4G, 5G đều yếu.
Windows 10, 11 và Android 12, 13.
I waited at office. Then I left at 10:30.
Opened at 8:30, closed at 16:45, 3 of 5 counters empty.
Paid 150,000 VND on 12/03/2026 at 8:30.
Came 3 times: 2 March, 9 March, 12 March 2026.
Điện nước 1.234 kWh, 2.345 đồng một số.
Máy lạnh 27 độ, ngoài trời 38-39 độ.
Hồ sơ gồm 1 tờ khai, 2 ảnh 3x4, 1 bản sao.
Ảnh 4 x 6, 3 x 4, mỗi loại 2 tấm.
Quạt hỏng 2/4, đèn hỏng 3/10, ghế gãy 5/20.
""".strip().splitlines()


def test_there_are_a_hundred() -> None:
    assert len(set(ORDINARY)) >= 100


@pytest.mark.parametrize("comment", ORDINARY)
def test_ordinary_comment_stays_whole(comment: str) -> None:
    assert redacted(comment) == comment
