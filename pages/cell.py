"""What happens inside an RNN, LSTM or GRU at each timestep?"""

from seqviz.models.findings import concat_error, number
from seqviz.models.program import output, plain, program
from seqviz.player.html import to_html
from seqviz.scenes.cell import record_scene
from seqviz.scenes.files import to_csv, to_npz
from seqviz.text.characters import visible
from seqviz.ui import cell, cell_parts
from seqviz.ui.page import Page

page = Page("cell", cell.CONTROLS)
words = page.words
config = cell.config_of(page.values)

page.header()
record = cell.compute(page, config)
page.lock(**cell.locked(record))
page.offer(**cell.offered(record))
cell.tell_notices(page, record)

row = page.row()
scene = record_scene(record, cell.title_of(record, words), visible)
page.picture(scene)
with row:
    page.column("cell")
    cell.draw_mode(page, record)
    page.column("input", *cell.own_input(config.source))
    with page.panel("length"):
        page.column("length")
    with page.panel("model"):
        page.column(*cell.model_controls(record))
    cell.what_if(page, record)
    cell.teach_button(page, record)

page.heading("facts")
cell.mode_line(page, record)
for sentence in cell.sentences(record, words):
    page.sentence(sentence)

cell.ask(page, record)
page.try_this(**cell.actions())
with page.section("equations") as opened:
    if opened:
        page.equations(cell_parts.equations_of(record))
        page.notes(*cell_parts.equation_notes(record))
counts = cell_parts.counts_of(record)
with page.section("shapes", D=counts["D"], H=counts["H"]) as opened:
    if opened:
        page.table(
            ("shapes.name", "shapes.shape", "shapes.meaning"), cell_parts.shapes_of(record, words)
        )
        for key in cell_parts.count_sentences(record):
            page.sentence(words(key, **counts))
with page.section("concat") as opened:
    if opened:
        text = "concat.text_gru" if record.trace.kind == "gru" else "concat.text"
        page.sentence(words(text, error=number(concat_error(record))))
        page.notes(*cell_parts.concat_notes(record))
with page.section("activation") as opened:
    if opened:
        page.notes("activation.text")
        page.figure(cell_parts.slope(record, words))
note = "" if plain(record) else "code.variant"
page.code(lambda: program(record), lambda: output(record), note)
with page.section("models") as opened:
    if opened:
        page.table(("models.model", "models.units", "models.measured"), cell_parts.measured(words))
        page.notes("models.selection")
page.take_away("one", "two", "three", "four")
page.corrections(
    "F1", "F4", "replaced", "F16", "F18", "F19", "F20", "F21", "F22", "F23", "F33", "F36"
)
page.notes("corrections.not_shown")
page.share()
page.downloads(
    csv=lambda: to_csv(scene),
    npz=lambda: to_npz(scene),
    html=lambda: to_html(scene, page.player_words, page.language, scene.title),
)
page.next("gradients")
