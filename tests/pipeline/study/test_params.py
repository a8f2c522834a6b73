from pathlib import Path

from pipeline.configure import compose_params
from pipeline.study.params import load_params

ROOT = Path(__file__).parents[3]


def test_the_studys_evaluations_follow_from_params(tmp_path: Path) -> None:
    overrides = ["profile=paper", "scales=[x2,x4]", "seeds=[s0,s7]", "baselines=[vdsr]"]
    overrides += ["variants=[no_rb]", "evaluate.published=[srcnn_9_1_5_x3,a2f_SD_x4,pan_x2]"]
    (tmp_path / "params.yaml").write_text(compose_params(overrides, ROOT / "conf"))
    keys = load_params(tmp_path / "params.yaml").evaluations()
    assert [key.name for key in keys] == [
        *("bicubic_x2", "vdsr_x2_s0", "vdsr_x2_s7", "mesr_x2_s0", "mesr_x2_s7"),
        *("bicubic_x4", "vdsr_x4_s0", "vdsr_x4_s7", "mesr_x4_s0", "mesr_x4_s7"),
        *("ablation_no_rb_s0", "ablation_no_rb_s7"),
        *("published_srcnn_9_1_5_x3", "published_a2f_SD_x4", "published_pan_x2"),
    ]
    assert [(k.model, k.variant) for k in keys[-3:]] == [
        ("srcnn", "9-1-5"),
        ("a2f", "SD"),
        ("pan", ""),
    ]
