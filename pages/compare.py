"""Same input, same cursor, three cells: who remembers?"""

from seqviz.models.comparison_findings import comparison_findings
from seqviz.models.comparison_program import comparison_output, comparison_program
from seqviz.player.html import to_html
from seqviz.scenes.comparison import compare_scene
from seqviz.scenes.files import to_csv, to_npz
from seqviz.text.characters import visible
from seqviz.ui import cell, compare
from seqviz.ui.page import Page

page = Page("compare", compare.CONTROLS, also=("cell",))
words = page.words
config = compare.config_of(page.values)

page.header()
record = compare.compute(page, config)
page.lock(**compare.locked(record))
compare.tell_notices(page, record)

row = page.row()
scene = compare_scene(
    record, compare.labels(record, words), compare.title_of(record, words), visible
)
page.picture(scene)
with row:
    page.column("input")
    for name in compare.NAMES:
        with page.panel(name):
            compare.draw_slot(page, record, name)
    with page.panel("shared"):
        page.column(*cell.input_controls(config.source), "hidden", "loss", "seed")
compare.show_slots(page, record)
for finding in comparison_findings(record):
    page.sentence(words(f"sentence.{finding.key}", **finding.values))

compare.ask(page, record)
page.try_this(**compare.actions())
with page.section("probe") as opened:
    if opened:
        page.sentence(compare.how_probed(record, words))
        page.notes("probe.method", "probe.limits")
with page.section("counts") as opened:
    if opened:
        head = ("counts.model", "counts.one", "counts.two", "counts.products")
        page.table(head, compare.counted(record, words))
        page.notes("counts.bias", "counts.time")
        compare.tell_times(page, record)
with page.section("claim") as opened:
    if opened:
        page.table(("claim.who", "claim.on", "claim.found"), compare.evidence(words))
        page.notes("claim.so")
page.code(lambda: comparison_program(record), lambda: comparison_output(record))
page.take_away("one", "two", "three", "four")
page.corrections("F4", "F1", "F19")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
page.next("attention")
