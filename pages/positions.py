"""Why does attention need positions, and what do sinusoids give it?"""

from seqviz.models.positions_findings import findings, late_findings
from seqviz.models.positions_program import output, plain, program
from seqviz.models.positions_views import dots_view
from seqviz.player.html import to_html
from seqviz.scenes.files import to_csv, to_npz
from seqviz.ui import positions
from seqviz.ui.page import Page

page = Page("positions", positions.CONTROLS)
words, values = page.words, page.values
config = positions.config_of(values)

page.header()
record = positions.compute(config)
positions.tell_notices(page, record)

row = page.row(labelled=True)
page.sentence(f"{positions.orders(record, words)}. {positions.task_of(record, words)}")
scene = positions.scene_of(record, words)
page.picture(scene)
with row:
    page.column("input", "pos", "order", "mask", *positions.own_input(config.source))
    with page.panel("model"):
        page.column("mode", "seed", "draw")
    positions.order_button(page)
for sentence in positions.sentences(findings(record), words):
    page.sentence(sentence)
positions.mode_line(page, record)

with page.section("table") as opened:
    if opened:
        head = ("table.kind", "table.free", "table.causal")
        page.table(head, positions.table_rows(record, words))
page.heading("charts")
positions.draw_chart(page, record)
page.heading("clocks")
positions.draw_clocks(page)

positions.ask(page, record)
page.try_this(**positions.actions())
with page.section("where") as opened:
    if opened:
        for sentence in positions.sentences(late_findings(record), words):
            page.sentence(sentence)
with page.section("equations") as opened:
    if opened:
        page.equations(positions.EQUATIONS)
dots = dots_view(values["length"], values["d"])
page.code(
    lambda: program(record, values["d"]),
    lambda: output(record, positions.encoding_of(values), dots),
    "" if plain(record) else "code.variant",
)
page.take_away("one", "two", "three", "four")
page.corrections("F6", "F6b", "fast", "wave", "monotone")
page.next("attention")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
