"""`fairwatch faces`: what a threshold of faces rests on."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from fairwatch.apps.settings import settings
from fairwatch.domain.errors import ConfigurationError, RejectedError

if TYPE_CHECKING:  # numpy and the models are loaded by the command alone
    from fairwatch.matching.calibration import Calibration
    from fairwatch.matching.faces import FaceReader, Template
    from fairwatch.matching.models import FaceConfig

USUAL = 1000  # templates of a gallery
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(name="faces", help="Thresholds of faces.", no_args_is_help=True)
    group.command("calibrate")(calibrate)
    app.add_typer(group)


def calibrate(
    folder: Annotated[
        Path | None, typer.Argument(help="One folder a person, with pictures of that person alone.", exists=True)
    ] = None,
    listed: Annotated[
        bool, typer.Option("--listed", help="Compare the enrolment pictures of those who are listed now, instead.")
    ] = False,
    fpir: Annotated[float, typer.Option(help="Wanted share of unlisted people that find anybody.")] = 0.01,
    gallery: Annotated[
        int | None, typer.Option(min=1, help="Templates that a probe is compared with; with --listed the present ones.")
    ] = None,
    probes: Annotated[int, typer.Option(min=0, help="Faces a day.")] = 10_000,
) -> None:
    """Compute the threshold for a wanted false positive identification rate, and say what it rests on.

    Prints what to write into models.yaml. The pictures stay where they are, and no template is kept.
    Exit code 1 when the sample tells nothing.
    """
    from fairwatch.matching.calibration import calibrate as computed  # noqa: PLC0415  # numpy and the models
    from fairwatch.matching.calibration import pairs  # noqa: PLC0415
    from fairwatch.matching.faces import FaceReader  # noqa: PLC0415
    from fairwatch.matching.models import FaceConfig  # noqa: PLC0415

    out = Console(soft_wrap=True)
    config = FaceConfig.load(settings().config_dir / "models.yaml")
    if (folder is None) is not listed:
        raise ConfigurationError("name a folder, or --listed")
    pictures = _of_folder(folder) if folder else _of_lists()
    found = list(_templates(FaceReader(config, settings().model_dir), pictures, out))
    gallery = gallery or (len(found) if listed and found else USUAL)
    people = [person for person, _ in found]
    impostors, genuine = pairs([template.values for _, template in found], people)
    try:
        made = computed(impostors, genuine, fpir=fpir, gallery=gallery, people=len(set(people)), pictures=len(people))
    except ValueError as error:
        out.print(f"no threshold: {error}", style="red", highlight=False)
        raise typer.Exit(1) from error
    _tell(out, config, made, gallery, probes)


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(path for path in folder.glob("*/*") if path.suffix.lower() in PICTURES):
        yield path.parent.name, path.read_bytes()


def _of_lists() -> Iterator[tuple[str, bytes]]:
    """Yield the enrolment pictures of everybody who is listed; one that is gone is left out."""
    from fairwatch.apps.authentic import authentic  # noqa: PLC0415  # the broker, only here
    from fairwatch.apps.media import media_store  # noqa: PLC0415

    store = media_store(settings())
    for entry in authentic(settings(), "watchlist-entries").values():
        for picture in entry["references"] if entry["kind"] == "FACE" and entry["state"] == "ACTIVE" else ():
            with suppress(RejectedError):
                yield entry["entry_id"], asyncio.run(store.get(picture["uri"]))


def _templates(
    reader: "FaceReader", pictures: Iterable[tuple[str, bytes]], out: Console
) -> Iterator[tuple[str, "Template"]]:
    """Yield whose each picture is and its template; then say how many pictures gave none, and why."""
    from fairwatch.matching.faces import NoTemplate  # noqa: PLC0415

    refused = Counter[str]()
    for person, content in pictures:
        try:
            found = reader.read(content, alone=True)
        except RejectedError as error:
            refused[error.reason] += 1
            continue
        if isinstance(found, NoTemplate):
            refused[found.reason] += 1
        else:
            yield person, found
    for reason, count in sorted(refused.items()):
        out.print(f"{count} pictures give no template: {reason}", style="yellow", highlight=False)


def _tell(out: Console, config: "FaceConfig", made: "Calibration", gallery: int, probes: int) -> None:
    """Print a calibration, and what to write into models.yaml."""
    policy = config.threshold
    table = Table("", "", box=None, show_header=False)
    table.add_row("rests on", made.sentence)
    table.add_row(
        "distance", f"{made.distance:.3f} (now {policy.distance:.3f}), score {policy.score(made.distance):.3f}"
    )
    table.add_row("one comparison", f"FMR {made.fmr:.2e}")
    table.add_row(
        f"a gallery of {gallery:,}", f"FPIR {made.fpir:.4f}: {made.fpir * probes:,.0f} false candidates a day"
    )
    missed = "no two pictures of one person" if made.fnir is None else f"{made.fnir:.1%} of {made.genuine} pairs"
    table.add_row("missed", missed)
    out.print(table)
    out.print(
        f"\nthreshold:\n  id: {config.embedder.template_space}-{gallery}-{made.fpir:g}\n"
        f"  distance: {made.distance:.3f}\n  calibration: {made.sentence!r}\n  expected_fpir: {made.fpir:g}",
        highlight=False,
    )
