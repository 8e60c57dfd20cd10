"""Variables of the caller's environment: which ones a worker gets, and which ones change speed.

A worker gets what a program needs to run, and nothing else (`PASSED_ON`). Whatever could change its
speed would otherwise do so unseen. A user who wants a variable in the workers names it:
`--env NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

PASSED_ON = (
    # who and where: home, language, time zone
    "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "XDG_*",
    # programs and libraries
    "PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
    "DYLD_FRAMEWORK_PATH", "DYLD_INSERT_LIBRARIES", "NIX_LD", "NIX_LD_LIBRARY_PATH",
    "GUIX_PYTHONPATH",
    # Python's modules and environments
    "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR",
    "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV", "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    # the compilers that compiled modes call
    "CC", "CXX", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "SDKROOT",
    "DEVELOPER_DIR", "MACOSX_DEPLOYMENT_TARGET", "CUDA_HOME", "CUDA_PATH", "ROCM_PATH", "HIP_PATH",
    "TRITON_LIBCUDA_PATH", "TRITON_PTXAS_PATH",
    # which devices there are
    "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL", "ZE_AFFINITY_MASK", "ONEAPI_DEVICE_SELECTOR", "ZE_FLAT_DEVICE_HIERARCHY",
    "CUDA_MPS_PIPE_DIRECTORY", "HSA_OVERRIDE_GFX_VERSION",
    # set where an OpenBLAS would not run without it
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
)  # fmt: skip
"""Names and patterns; everything else stays outside."""

RECORDED = (
    "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "CC", "CXX", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER",
    "NVIDIA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
    "GPU_DEVICE_ORDINAL", "ONEAPI_DEVICE_SELECTOR", "ZE_FLAT_DEVICE_HIERARCHY",
    "HSA_OVERRIDE_GFX_VERSION", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
)  # fmt: skip
"""Of those, the ones that choose kernels, devices, compilers or an allocator: records keep their
values. Of all others a record keeps the names only, since a value may be private."""

CODE_PATHS = (
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH",
    "NIX_LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "GUIX_PYTHONPATH", "CPATH",
    "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "SDKROOT", "CUDA_HOME", "CUDA_PATH",
    "ROCM_PATH", "HIP_PATH", "TRITON_LIBCUDA_PATH", "TRITON_PTXAS_PATH",
)  # fmt: skip
"""Where libraries, modules and compilers' parts are looked for: another value may mean other code.
Records keep a few digits of a hash, which tell that two values differ."""

SPEED: Mapping[str, tuple[str, ...]] = {
    "threads": (
        "OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC", "OMP_PROC_BIND", "OMP_PLACES",
        "OMP_WAIT_POLICY", "OMP_SCHEDULE", "OMP_MAX_ACTIVE_LEVELS", "OMP_NESTED", "OMP_STACKSIZE",
        "GOMP_CPU_AFFINITY", "GOMP_SPINCOUNT", "KMP_AFFINITY", "KMP_BLOCKTIME", "KMP_HW_SUBSET",
        "KMP_LIBRARY", "KMP_SETTINGS", "TBB_NUM_THREADS", "FLEXIBLAS", "MKL_NUM_THREADS",
        "MKL_DOMAIN_NUM_THREADS", "MKL_DYNAMIC",
        "MKL_THREADING_LAYER", "OPENBLAS_NUM_THREADS", "OPENBLAS_MAIN_FREE",
        "OPENBLAS_THREAD_TIMEOUT", "GOTO_NUM_THREADS", "BLIS_NUM_THREADS", "BLIS_JC_NT",
        "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS",
        "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC", "PYTHON_CPU_COUNT",
    ),
    "kernels and precision": (
        "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE",
        "MKL_CBWR", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
        "ONEDNN_CPU_ISA_HINTS", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY", "BLIS_ARCH_TYPE", "NPY_DISABLE_CPU_FEATURES",
        "NPY_ENABLE_CPU_FEATURES", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS",
        "TF_FP16_MATMUL_USE_FP32_COMPUTE", "TF_DISABLE_MKL", "NVIDIA_TF32_OVERRIDE",
        "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT",
        "TORCH_LINALG_PREFER_CUSOLVER", "TORCH_CUDNN_V8_API_DISABLED", "CUBLAS_WORKSPACE_CONFIG",
        "JAX_DEFAULT_MATMUL_PRECISION", "JAX_ENABLE_X64", "KERAS_BACKEND", "KERAS_HOME",
        "AOCL_ENABLE_INSTRUCTIONS", "NVPL_BLAS_DEBUG_CPU_TYPE", "TF_CUDNN_USE_AUTOTUNE",
        "TF_USE_LEGACY_KERAS", "MIOPEN_FIND_MODE",
    ),
    "allocators": (
        "MALLOC_ARENA_MAX", "MALLOC_ARENA_TEST", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_",
        "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_PERTURB_", "MALLOC_CHECK_",
        "GLIBC_TUNABLES", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "NUMPY_MADVISE_HUGEPAGE",
        "THP_MEM_ALLOC_ENABLE", "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF",
        "PYTORCH_NO_CUDA_MEMORY_CACHING", "TF_GPU_ALLOCATOR", "TF_FORCE_GPU_ALLOW_GROWTH",
        "TF_CPU_ALLOCATOR_USE_BFC", "XLA_PYTHON_CLIENT_ALLOCATOR", "XLA_PYTHON_CLIENT_PREALLOCATE",
        "XLA_PYTHON_CLIENT_MEM_FRACTION",
    ),
    "compilation": (
        "TORCHDYNAMO_DISABLE", "TORCH_COMPILE_DISABLE", "TORCHDYNAMO_SUPPRESS_ERRORS",
        "TORCH_COMPILE_DEBUG", "TORCH_COMPILE_STROBELIGHT", "TORCHINDUCTOR_CACHE_DIR",
        "TORCHINDUCTOR_COMPILE_THREADS", "TORCHINDUCTOR_MAX_AUTOTUNE", "TORCHINDUCTOR_FREEZING",
        "TORCHINDUCTOR_CPP_WRAPPER", "TORCHINDUCTOR_FX_GRAPH_CACHE", "TORCHINDUCTOR_PROFILE",
        "PYTORCH_JIT", "TRITON_CACHE_DIR", "TRITON_INTERPRET", "TF_XLA_FLAGS", "XLA_FLAGS",
        "TF_FUNCTION_JIT_COMPILE_DEFAULT", "TF_DUMP_GRAPH_PREFIX", "JAX_DISABLE_JIT",
        "JAX_DISABLE_MOST_OPTIMIZATIONS", "JAX_COMPILATION_CACHE_DIR", "JAX_PLATFORMS",
        "JAX_CPU_ENABLE_ASYNC_DISPATCH", "CUDA_LAUNCH_BLOCKING", "CUDA_MODULE_LOADING",
        "CUDA_CACHE_DISABLE", "CUDA_CACHE_PATH", "TF_GPU_THREAD_MODE", "TF_GPU_THREAD_COUNT",
        "TF_ENABLE_EAGER_CLIENT", "CUDA_DISABLE_PTX_JIT", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE",
    ),
    "messages and checks": (
        "MKL_VERBOSE", "ONEDNN_VERBOSE", "DNNL_VERBOSE", "OPENBLAS_VERBOSE", "KMP_VERSION",
        "OMP_DISPLAY_ENV", "TF_CPP_MIN_LOG_LEVEL", "TF_CPP_MAX_VLOG_LEVEL", "TF_CPP_VMODULE",
        "TORCH_LOGS", "TORCH_TRACE", "TORCH_CPP_LOG_LEVEL", "TORCH_SHOW_CPP_STACKTRACES",
        "TORCH_SHOW_DISPATCH_TRACE", "TORCH_DISTRIBUTED_DEBUG", "JAX_DEBUG_NANS", "JAX_DEBUG_INFS",
        "JAX_LOG_COMPILES", "JAX_CHECK_TRACER_LEAKS", "JAX_TRANSFER_GUARD",
        "JAX_TRACEBACK_FILTERING", "LD_DEBUG", "LD_AUDIT", "LD_BIND_NOW", "LD_PROFILE",
    ),
    "Python": (
        "PYTHONDEVMODE", "PYTHONMALLOC", "PYTHONMALLOCSTATS", "PYTHONTRACEMALLOC",
        "PYTHONPROFILEIMPORTTIME", "PYTHONASYNCIODEBUG", "PYTHONFAULTHANDLER", "PYTHONDEBUG",
        "PYTHONVERBOSE", "PYTHONDUMPREFS", "PYTHONHASHSEED", "PYTHONOPTIMIZE", "PYTHONWARNINGS",
        "PYTHONNODEBUGRANGES", "PYTHONPERFSUPPORT", "PYTHON_PERF_JIT_SUPPORT", "PYTHON_GIL",
        "PYTHON_JIT", "PYTHON_TLBC", "COVERAGE_PROCESS_START", "COV_CORE_SOURCE",
    ),
}  # fmt: skip
"""Variables that their makers' documentation says change how fast, or how, a program runs, by what
they change. Sources: the environment pages of Python, glibc, the loader, OpenMP, oneMKL, oneDNN,
OpenBLAS, BLIS, NumPy, PyTorch, TensorFlow, XLA, JAX and CUDA."""

FAMILIES = (
    "OMP_*", "GOMP_*", "KMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "ONEDNN_*", "DNNL_*", "TORCH*",
    "PYTORCH_*", "JAX_*", "XLA_*", "MALLOC_*", "TRITON_*", "CUBLAS_*", "CUDNN_*", "NUMEXPR_*",
    "TF_GPU_*", "TF_CPP_*", "TF_ENABLE_*", "TF_DISABLE_*", "TF_XLA_*", "TF_CUDNN_*", "TF_NUM_*",
    "TF_FORCE_*", "TF_USE_*", "CUDA_CACHE_*", "CUDA_DISABLE_*", "CUDA_FORCE_*", "CUDA_MPS_*",
    "CUDA_DEVICE_MAX_*", "CUDA_SCALE_*", "NVPL_*", "AOCL_*", "ZENDNN_*", "MIOPEN_*", "TBB_*",
    "MIMALLOC_*",
    "TCMALLOC_*", "JEMALLOC_*", "ROCBLAS_*", "HIPBLASLT_*", "NPY_*", "NUMPY_*", "KERAS_*",
)  # fmt: skip
"""Libraries with more variables than anybody lists."""

_SPEED = frozenset(name for names in SPEED.values() for name in names)


def is_passed_on(name: str) -> bool:
    """Whether a worker inherits this variable."""
    return any(fnmatchcase(name, each) for each in PASSED_ON)


def changes_speed(name: str) -> bool:
    """Whether this variable is known to change speed, or of a family whose members do."""
    return name in _SPEED or any(fnmatchcase(name, each) for each in FAMILIES)


def left_outside(environment: Iterable[str]) -> list[str]:
    """The names of variables that change speed and that no worker inherits, in order."""
    return sorted(name for name in environment if changes_speed(name) and not is_passed_on(name))
