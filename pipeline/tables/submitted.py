"""Results of other people's networks, one YAML file each in submissions/: format and rows.

Nothing of them is computed here, and their texts are anybody's: the renderer escapes them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pipeline.study.params import Name, Scale
from pipeline.study.paths import SUBMISSIONS, evaluation_folder
from pipeline.support.errors import UserError
from pipeline.support.json import read_json
from pipeline.support.validation import validated
from pipeline.support.yaml import read_yaml
from pipeline.tables.labels import joined
from pipeline.tables.study import Row, Study

FORMAT = 1
HR = "1280x720"  # for which Multi-Adds are stated
REMEDY = f"{SUBMISSIONS}/README.md explains the format."

# One printable line: it becomes a cell of a table.
Line = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
Text = Annotated[str, Line, Field(max_length=300)]
Protocol = Literal["rgb", "y"]
Count = Annotated[int, Field(ge=1, le=10**15)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Score(_Part):
    """Means over the images of a test set.

    Attributes
    ----------
    digest : str
        SHA-256 of the packed HR images, in hexadecimal, see `PackedImages.digest`.
    images : int
        How many there are.
    psnr_db, ssim : float
        Of luma, under the protocol of the file.
    """

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    images: Annotated[int, Field(ge=1, le=10**6)]
    psnr_db: Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)]
    ssim: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class AtScale(_Part):
    """A network at one scale; `multi_adds` are for an output of 1280x720 pixels."""

    parameters: Count
    multi_adds: Count | None = None
    datasets: Annotated[dict[Name, Score], Field(min_length=1)]


class Submission(_Part):
    """Content of a file of submissions/.

    Attributes
    ----------
    format : int
        Version of the format.
    name : str
        Name of the file without its ending.
    label : str
        Name of the network in tables.
    protocol : {"rgb", "y"}
        Those that studies are scored under, see `pipeline.imaging.protocol`.
    trained_on : str
        Training images.
    trained_on_test_data : bool
        Whether any image of the test sets was among them.
    source : str
        Web address of the code, the weights or the paper.
    contact : str
        Of who answers questions.
    scales : dict
        "x2", "x3", "x4" -> results.
    """

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    label: Annotated[str, Line, Field(max_length=60)]
    protocol: Protocol
    trained_on: Text
    trained_on_test_data: bool
    source: Annotated[str, Line, Field(max_length=300, pattern=r"^https?://\S+$")]
    contact: Text | None = None
    scales: Annotated[dict[Scale, AtScale], Field(min_length=1)]

    def scores(self) -> list[tuple[int, str, AtScale, Score]]:
        """Return scale, dataset, what holds at the scale, and the scores on the dataset."""
        return [
            (int(scale[1:]), dataset, at, score)
            for scale, at in self.scales.items()
            for dataset, score in at.datasets.items()
        ]


def read_submission(path: Path) -> Submission:
    """Read and check a file of submitted results.

    Raises
    ------
    UserError
        Naming each field that is missing, unknown or has a value that cannot be.
    """
    found = validated(Submission, read_yaml(path, REMEDY), str(path), REMEDY)
    if found.name != path.stem:
        raise UserError(
            f"{path}: name is {found.name!r}, expected that of the file, {path.stem!r}. "
            "Change one of them."
        )
    return found


def compare_images(
    path: Path, dataset: str, score: Score, digest: str, images: int, where: Path
) -> None:
    """Refuse scores on other images than those that are here, or on a part of them.

    Raises
    ------
    UserError
        When digest or number differ.
    """
    if score.digest != digest:
        raise UserError(
            f"{path}: {dataset} has the digest {score.digest}, expected {digest} ({where}): these "
            f"are scores on other images. Score the network on those of mesr fetch {dataset}."
        )
    if score.images != images:
        raise UserError(
            f"{path}: {score.images} images of {dataset}, expected {images} ({where}). Score the "
            "network on all of them."
        )


def rows(study: Study, folder: Path = SUBMISSIONS) -> list[Row]:
    """Return rows of methods.csv for what was submitted on test sets and scales of the study.

    Raises
    ------
    UserError
        When a file does not have the format, or is about other images than those of the study.
    """
    found = []
    for path in sorted(folder.glob("*.yaml")):
        submission = read_submission(path)
        if submission.protocol != study.params.evaluate.protocol:
            print(f"{path}: left out, it was scored under protocol {submission.protocol}")
            continue
        for scale, dataset, at, score in submission.scores():
            if scale not in study.scales or dataset not in study.datasets:
                continue
            record = evaluation_folder(study.params.evaluated[0], dataset) / "record.json"
            here = read_json(record, "dvc repro evaluate", ["data_digest", "images"])
            compare_images(path, dataset, score, here["data_digest"], here["images"], record)
            remark = f"submitted, not recomputed here ({submission.source})"
            found.append(
                {"method": f"{submission.name}-submitted", "label": submission.label}
                | {"kind": "submitted", "scale": scale, "dataset": dataset, "params": at.parameters}
                | {"multi_adds": at.multi_adds if study.params.complexity.hr == HR else None}
                | score.model_dump(include={"images", "psnr_db", "ssim"})
                | {"source": submission.source, "note": f"trained on {submission.trained_on}"}
                | {
                    "remark": joined(
                        "trained on test data" * submission.trained_on_test_data, remark
                    )
                }
            )
    return found
