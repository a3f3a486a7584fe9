"""A signal report as one HTML page with its pictures inside, in Vietnamese and English."""

import base64
from collections.abc import Iterable
from html import escape

from control.measures.csv_log import stamp
from edge.bench.signals.report import Figures, cells, heads, summaries
from edge.bench.signals.report_plots import Picture

_WORDS = {
    "coordination": (
        "Biểu đồ phối hợp Purdue",
        "Purdue coordination diagram",
        "Mỗi chấm là một xe đến vạch dừng. Chấm nằm giữa vạch xanh và vạch vàng là xe đến lúc "
        "đèn xanh; càng nhiều chấm ở đó, phối hợp càng tốt.",
        "Each dot is a vehicle at the stop line. Dots between the green and the yellow line came "
        "on green; the more of them, the better the coordination.",
    ),
    "split_failures": (
        "Thời gian xanh không đủ",
        "Split failures",
        "Vạch dừng bị chiếm từ 80 % thời gian xanh và từ 80 % của 5 giây đỏ đầu tiên: còn xe phải "
        "chờ chu kỳ sau.",
        "The stop line was occupied for 80 % of green and for 80 % of the first 5 s of red: "
        "vehicles were left for the next cycle.",
    ),
    "terminations": (
        "Lý do kết thúc pha",
        "Purdue phase termination",
        "Nhiều lần hết xanh tối đa liên tiếp: pha thiếu thời gian.",
        "Max outs one after another: the phase lacks time.",
    ),
    "split_monitor": (
        "Thời lượng pha",
        "Split monitor",
        "Từ đầu xanh đến hết đỏ giải tỏa; trung vị (liền) và bách phân vị 85 (đứt).",
        "From begin of green to end of red clearance; median (solid) and 85th percentile (dashed).",
    ),
    "phase_wait": (
        "Thời gian pha chờ xanh",
        "Phase wait",
        "Từ lúc có yêu cầu đến lúc xanh; vạch là trung bình.",
        "From the call to green; bars are means.",
    ),
    "pedestrian_delay": (
        "Thời gian chờ của người đi bộ",
        "Pedestrian delay",
        "Từ lúc bấm nút đến lúc đèn cho đi.",
        "From the push of the button to walk.",
    ),
    "yellow_red": (
        "Xe qua vạch lúc vàng và đỏ",
        "Yellow and red actuations",
        "Theo số giây tính từ lúc bắt đầu đỏ, mọi chu kỳ gộp lại.",
        "By seconds from begin of red, all cycles together.",
    ),
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#22313f;background:#fff;margin:2rem auto;
max-width:72rem;padding:0 1rem}
h1{font-size:1.5rem;margin:2.5rem 0 .2rem}h2{font-size:1.15rem;margin:2rem 0 .2rem}
h2 small,p small,.en{color:#6b7a88;font-weight:400}p{margin:.2rem 0 .6rem}
figure{margin:.6rem 0 1.2rem}figure img{width:100%;height:auto;display:block}
figcaption{font-size:.85rem;color:#6b7a88}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;white-space:nowrap}
th,td{text-align:right;padding:.25rem .6rem;border-bottom:1px solid #dde3e8}
th{font-weight:600;vertical-align:bottom;white-space:normal}
.bad{color:#c8102e;font-weight:600}
@media print{figure{break-inside:avoid}}
"""


def page(
    source: str, chain: tuple[str, str], signals: Iterable[tuple[Figures, list[Picture]]]
) -> str:
    """The whole document; `chain` are the `chain_words` of the log."""
    en, vi = chain
    parts = [
        "<!doctype html><html lang=vi><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{escape(source)}</title><style>{_STYLE}</style>",
        f"<p class=en>Báo cáo đèn tín hiệu · Signal report: {escape(source)}"
        f"<br>{escape(vi)} · {escape(en)}</p>",
    ]
    for found, drawn in signals:
        parts += _signal(found, drawn)
    return "\n".join(parts) + "\n"


def _signal(found: Figures, drawn: list[Picture]) -> list[str]:
    log = found.log
    parts = [
        f"<h1>{escape(log.device)}</h1>",
        f"<p>{stamp(int(log.at_ms[0]))} – {stamp(int(log.at_ms[-1]))}, "
        f"{len(log.at_ms):,} dòng · rows</p>",
        "<div class=wide><table><tr>",
        *(f"<th>{escape(vi)}<br><span class=en>{escape(en)}</span>" for en, vi in heads()),
    ]
    parts += [
        "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells(row)) for row in summaries(found)
    ]
    parts.append("</table></div>")
    for measure, (vi, en, text_vi, text_en) in _WORDS.items():
        here = [picture for picture in drawn if picture.measure == measure]
        if here:
            parts += [
                f"<h2>{escape(vi)} <small>{escape(en)}</small></h2>",
                f"<p>{escape(text_vi)}<br><small lang=en>{escape(text_en)}</small></p>",
                *map(_figure, here),
            ]
    return parts


def _figure(picture: Picture) -> str:
    inside = base64.b64encode(picture.svg).decode()
    words = escape(picture.caption)
    return (
        f"<figure><figcaption>{words}</figcaption>"
        f"<img alt='{escape(picture.measure)} {words}' src='data:image/svg+xml;base64,{inside}'>"
        "</figure>"
    )
