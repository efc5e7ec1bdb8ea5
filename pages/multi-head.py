"""What do several heads see, and what does W_O do with it?"""

from seqviz.models.heads_polarity import polarity_output, polarity_program
from seqviz.models.heads_program import output, program
from seqviz.player.html import to_html
from seqviz.scenes.files import to_csv, to_npz
from seqviz.ui import heads
from seqviz.ui import heads_tables as tables
from seqviz.ui.page import Page

page = Page("multi-head", heads.CONTROLS)
words = page.words
config = heads.config_of(page.values)

page.header()
record = heads.compute(config)
heads.tell_notices(page, record)

row = page.row(labelled=bool(heads.own_text(page.values)))
scene = heads.scene_of(page, record)
page.picture(scene)
with row:
    page.column("mode", *heads.size_of_trained(page.values), "input", "join")
    page.column(*heads.own_text(page.values))
    if config.mode == "fresh":
        with page.panel("model"):
            page.column("heads", "d", "gain", "seed")
    with page.panel("masks"):
        page.column("mask", "pads", "side")
    heads.what_if(page)
heads.mode_line(page, record)
for sentence in heads.sentences(record, words):
    page.sentence(sentence)

heads.ask(page, record)
page.try_this(**heads.actions())
with page.section("measures") as opened:
    if opened:
        page.table(tables.MEASURES, tables.measures(record, words))
with page.section("average") as opened:
    if opened:
        tables.tell_average(page, record)
with page.section("join", **tables.told_of_join(record)) as opened:
    if opened:
        tables.tell_join(page, record)
with page.section("credit") as opened:
    if opened:
        page.table(tables.credit_head(words), tables.credits(record, words))
        page.notes("credit.note")
with page.section("ablation") as opened:
    if opened:
        page.table(tables.ablation_head(words), tables.ablations(record, words))
        page.notes("ablation.note")
with page.section("rivals") as opened:
    if opened:
        page.table(tables.rivals_head(words), tables.rivals(record, words))
        page.sentence(words("rivals.reach", **tables.reach()))
        page.notes("rivals.note")
with page.section("polarity") as opened:
    if opened:
        page.notes("polarity.silent", "polarity.kinds", "polarity.minus", "polarity.padded")
        page.notes("polarity.program")
        page.listing(polarity_program(record), polarity_output(record))
with page.section("equations") as opened:
    if opened:
        page.equations(heads.EQUATIONS)
counts = tables.counts_of(record)
with page.section("shapes", **counts) as opened:
    if opened:
        page.table(("shapes.name", "shapes.shape", "shapes.meaning"), tables.shapes(record, words))
        page.sentence(words("shapes.count", **counts))
page.code(lambda: program(record), lambda: output(record), "code.empty" if record.empty else "")
page.take_away("one", "two", "three", "four")
page.corrections("F7", "T22", "T25", "T27", "T30", "cost")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
page.next("positions")
