"""The presets that come with xbench."""

from xbench.ops.suite import WIDTHS, Preset

_MAIN = ("elementwise", "matmul", "mlp_forward", "mlp_train")

SMOKE = Preset(
    name="smoke",
    about="width 512, eager and graph, one launch: does everything work? (under 30 s)",
    suites=("elementwise", "matmul", "mlp"),
    ops=_MAIN,
    families=("* 100×w", "* 64×1000×w", "* 100×1→w→1"),
    widths=(512,),
    dtypes=("float32",),
    threads=("all",),
    modes=("eager", "graph"),
    compiled_ops=(),
    gradients="default",
    launches=1,
    group_s=0.5,
)
QUICK = Preset(
    name="quick",
    about="three widths: what most people ask (4 min; 4 to 6 min on 2 cores)",
    suites=("elementwise", "matmul", "mlp"),
    ops=_MAIN,
    families=("* 100×w", "* 64×1000×w", "* 100×1→w→1"),
    widths=(512, 20480, 204800),
    dtypes=("float32",),
    threads=("all",),
    modes=("eager", "graph"),
    compiled_ops=("mlp_train",),
    gradients="default",
    launches=3,
    group_s=0.7,
    time_s=240.0,
)
FULL = Preset(
    name="full",
    about="every op, shape, width, dtype, mode and gradient, on one and on all cores (hours)",
    suites=("ceilings", "elementwise", "matmul", "mlp"),
    ops=("*",),
    families=("*",),
    widths=WIDTHS,
    dtypes=("float32", "float64"),
    threads=("1", "all"),
    modes=("eager", "graph"),
    compiled_ops=("*",),
    gradients="all",
    launches=3,
    group_s=2.0,
)
PRESETS = {preset.name: preset for preset in (SMOKE, QUICK, FULL)}
