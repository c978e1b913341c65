"""A ticket as a kiosk would have it printed, for the printer's tests."""

from __future__ import annotations

from devices.printer import Align, Feed, Line, QRCode, Receipt, Row, Rule

CENTER = Align.CENTER
TOKEN = "http://10.1.0.5/t/JR1.A017.6f3c9a2b"

TICKET = Receipt(
    (
        Line("句容市政务服务中心", size=2, bold=True, align=CENTER),
        Line("Jurong Government Service Centre", align=CENTER),
        Rule(),
        Line("您的号码", align=CENTER),
        Line("A017", size=6, bold=True, align=CENTER),
        Line("不动产登记（一窗受理）", size=2, align=CENTER),
        Feed(),
        Line("您前面还有 3 人", size=2, align=CENTER),
        Line("预计等候 8–15 分钟", align=CENTER),
        Rule(),
        Row("办理窗口", "3号、5号、6号"),
        Row("取号时间", "2025-06-18 09:41"),
        Feed(),
        QRCode(TOKEN),
        Line("扫码查看排队进度", align=CENTER),
        Rule(),
        Line("请留意大屏和语音叫号，过号三次作废，当天可到咨询台恢复一次。"),
        Line("本号当日有效。 Valid today only."),
    )
)
WHOLE = [  # its lines as they stand on 80 mm paper
    "句容市政务服务中心",
    "Jurong Government Service Centre",
    "-" * 48,
    "您的号码",
    "A017",
    "不动产登记（一窗受理）",
    "您前面还有 3 人",
    "预计等候 8–15 分钟",
    "-" * 48,
    "办理窗口" + " " * 27 + "3号、5号、6号",
    "取号时间" + " " * 24 + "2025-06-18 09:41",
    "扫码查看排队进度",
    "-" * 48,
    "请留意大屏和语音叫号，过号三次作废，当天可到咨询",
    "台恢复一次。",
    "本号当日有效。 Valid today only.",
]
