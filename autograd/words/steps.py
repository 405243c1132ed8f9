"""The words of steps, in a terminal, in a table and below a frame, and those of explanations. A row is (English, Korean)."""

from __future__ import annotations

ROWS: dict[str, tuple[str, ...]] = {
    "number.none": ("does not exist", "존재하지 않음"),
    "way.forward": ("forward", "순전파"),
    "way.backward": ("backward", "역전파"),
    "line.forward": ("{computed}{edited}", "{computed}{edited}"),
    "line.edited": (" (a number was edited since it was recorded)", " (기록한 뒤에 고친 수가 있음)"),
    "line.backward": (
        "{from} -> {to}: upstream {u} × local {l} ({rule}) = {c}; {target}.grad {before} + {added} = {after}",
        "{from} -> {to}: 상류에서 온 기울기 {u} × 국소적 미분 {l} ({rule}) = {c}; {target}.grad {before} + {added} = {after}",
    ),
    "view.start": (
        "before step 1 of {total}: {forward} forward, then {backward} backward",
        "전체 {total}단계의 시작 전: 순전파 {forward}단계, 그다음 역전파 {backward}단계",
    ),
    "view.step": ("step {n} of {total}, {way}", "{total}단계 중 {n}단계, {way}"),
    "view.stops": ("here backward() stops", "여기서 backward()가 멈춥니다"),
    "view.node": ("node", "노드"),
    "view.value": ("value", "값"),
    "view.gradient": ("gradient", "기울기"),
    "view.more": ("… and {count} more", "… 외 {count}개"),
    "frame.start": ("{total} steps: {forward} forward, {backward} backward", "전체 {total}단계: 순전파 {forward}, 역전파 {backward}"),
    "frame.forward": ("Step {n} of {total}, forward", "{total}단계 중 {n}단계, 순전파"),
    "frame.turn": (
        "; and now back: the gradient of {name} itself is {seed}",
        "; 이제 거꾸로: {name} 자신의 기울기는 {seed}",
    ),
    "frame.backward": ("Step {n} of {total}, backward: from {from} to {to}", "{total}단계 중 {n}단계, 역전파: {from} → {to}"),
    "frame.product": ("upstream {u} × local {l} = {c}", "상류에서 온 기울기 {u} × 국소적 미분 {l} = {c}"),
    "frame.sum": ("{rule};  gradient so far {before} + {added} = {after}", "{rule};  지금까지의 기울기 {before} + {added} = {after}"),
    "command.page": ("The page is in {path}", "페이지를 {path}에 썼습니다"),
    "command.none": (
        "No page was asked for: -o page.html writes one to step through.",
        "페이지를 달라고 하지 않았습니다. -o page.html을 주면 단계를 오갈 수 있는 페이지를 씁니다.",
    ),
    "paths.none": (
        "{output} does not depend on {x}: there is no path, and the gradient is 0",
        "{output:은} {x}에 달려 있지 않습니다. 경로가 없으므로 기울기는 0입니다",
    ),
    "paths.all": ("{output} depends on {x} along {count:path|paths}:", "{output:은} 경로 {count}개를 따라 {x}에 달려 있습니다:"),
    "paths.largest": (
        "{output} depends on {x} along {count:path|paths}; the largest {some}:",
        "{output:은} 경로 {count}개를 따라 {x}에 달려 있습니다. 가장 큰 {some}개:",
    ),
    "paths.together": ("together {sum} = {total}", "모두 더하면 {sum} = {total}"),
    "paths.upwards": (
        "all {count} paths together, added up from {x} upwards: {total}",
        "경로 {count}개 전부를 {x}에서 위로 더하면: {total}",
    ),
    "paths.right": ("that is the gradient of {output} by {x}: {gradient}", "이것이 {output}의 {x}에 대한 기울기입니다: {gradient}"),
    "paths.wrong": (
        "THAT IS NOT the gradient of {output} by {x}: {gradient}",
        "이것은 {output}의 {x}에 대한 기울기가 아닙니다: {gradient}",
    ),
    "problem.missing": (
        "{error}",
        "{at}에서 국소적 미분 {partial:이} 존재하지 않습니다",
    ),
    "problem.infinite": (
        "{error}",
        "{at}에서 국소적 미분 {partial:이} 가장 큰 부동소수(약 1.8e308)를 넘습니다",
    ),
    "problem.range": (
        "{error}",
        "{at}에서 기울기가 부동소수의 범위(약 1.8e308)를 벗어납니다: 상류에서 온 기울기 {u} × 국소적 미분 {l}",
    ),
}
