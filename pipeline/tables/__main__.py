"""Stage `tables`: collate evaluations, runs and published figures into the result files.

Reads what `params.yaml` names and nothing else: an evaluation or a run that an earlier set of
parameters left behind is not in any table. The result files are a function of these inputs alone.
"""

import argparse
from collections.abc import Sequence

import pandas as pd

from pipeline.collation.ablation import Ablation, table1, table2
from pipeline.collation.cells import Row
from pipeline.collation.certificate import certification, lr_certification
from pipeline.collation.claims import claim_rows
from pipeline.collation.comparison import further_table, table3
from pipeline.collation.cost import table4
from pipeline.collation.evaluations import Evaluated, Quality, read_evaluation
from pipeline.collation.facts import study_facts
from pipeline.collation.ladder import ladder_rows
from pipeline.collation.provenance import evaluation_rows, history_rows, training_rows
from pipeline.collation.ranking import ranking
from pipeline.collation.readings import reading_rows
from pipeline.collation.tuning import tuning_rows
from pipeline.study import results
from pipeline.study.keys import Key
from pipeline.study.params import load_params
from pipeline.study.paths import RESULTS
from pipeline.support.console import run


def main(argv: Sequence[str] | None = None) -> None:
    """Write results/*.csv, results/study.json and results/tables/*.csv."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(argv)
    params = load_params()
    print(f"collate profile {params.profile}", flush=True)
    datasets, protocol = params.data.test, params.evaluate.protocol
    metrics = params.evaluate.metrics
    complexity, sizes = results.COMPLEXITY.read(), results.SIZES.read()

    def read(keys: Sequence[Key]) -> list[Evaluated]:
        return [read_evaluation(key, datasets, protocol, metrics) for key in keys]

    quality = Quality(read(params.evaluations()))
    compared = Quality(
        quality.evaluated + read([*params.reading_evaluations(), *params.ladder_evaluations()])
    )
    trained = [of for of in compared.evaluated if of.key.has_run]
    untrained = [of for of in quality.evaluated if not of.key.has_run]
    runs = training_rows(trained, params.data.train) + evaluation_rows(untrained, datasets)
    ablation = Ablation(params, quality)
    rows3 = table3(params, quality)
    ranked, pairs, agreement = ranking(params, quality)
    tables: list[tuple[results.ResultFile, Sequence[Row] | pd.DataFrame]] = [
        (results.CLAIMS, claim_rows(params, quality, complexity)),
        (results.QUALITY.with_numbers(metrics), quality.rows()),
        (results.HISTORY, history_rows(trained)),
        (results.RUNS, runs),
        (results.TUNING, tuning_rows(params)),
        (results.LADDER, ladder_rows(params, compared, sizes)),
        (results.CERTIFICATION, certification(params)),
        (results.LR_CERTIFICATION, lr_certification(params.certify.lr)),
        (results.TABLE1, table1(params, ablation)),
        (results.TABLE2, table2(params, ablation)),
        (results.TABLE3, rows3),
        (results.TABLE4, table4(params, rows3, complexity)),
        (results.READINGS, reading_rows(params, compared)),
        (results.RANKING, ranked),
        (results.PAIRS, pairs),
        (results.AGREEMENT, agreement),
        (results.FURTHER_TABLE, further_table(params, quality, rows3)),
    ]
    # Everything was read: nothing is written when an input is missing.
    for file, rows in tables:
        file.write(rows)
    results.write_json(results.STUDY, study_facts(params))
    results.write_json(results.METRICS, quality.means())
    print(f"collated {len(quality.evaluated)} evaluated networks into {RESULTS}")


if __name__ == "__main__":
    raise SystemExit(run(main))
