"""What pip installs for a module that published forks import, where that is known for certain."""

from __future__ import annotations

from yolopatch.catalog.environment.needs import MODULE_OF

# those whose name is the module's, or has a dash for each of its underscores
_LIKE_THE_MODULE = (
    *("addict", "basicsr", "calflops", "dill", "easydict", "efficientnet_pytorch", "einops", "entmax", "escnn"),
    *("fairscale", "fvcore", "huggingface_hub", "iopath", "kornia", "lap", "local_attention", "loguru", "mmengine"),
    "omegaconf",
    *("pandas", "prettytable", "ptflops", "pytorch_wavelets", "rotary_embedding_torch", "scipy", "seaborn"),
    *("shapely", "tabulate", "termcolor", "thop", "timm", "torch_dct", "torch_geometric", "torch_pruning"),
    *("torchinfo", "torchsummary", "torchvision", "tqdm", "transformers", "vit_pytorch", "yacs"),
)
_COMPILED = {
    "DCNv4": "dcnv4",
    "causal_conv1d": "causal-conv1d",
    "cupy": "cupy",
    "flash_attn": "flash-attn",
    "mamba_ssm": "mamba-ssm",
    "mmcv": "mmcv",
    "natten": "natten",
    "torch_scatter": "torch-scatter",
    "xformers": "xformers",
    # built from a folder of the fork, or of another repository: no package index has them
    "DCN": "",
    "DCNv3": "",
    "MultiScaleDeformableAttention": "",
    "depthwise_conv2d_implicit_gemm": "",
    "selective_scan": "",
    "swattention": "",
}
_OTHERS = {
    "IPython": "ipython",
    "hydra": "hydra-core",
    "pywt": "PyWavelets",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
_DISTRIBUTIONS = {
    **{module: module.replace("_", "-") for module in _LIKE_THE_MODULE},
    **{module: distribution for distribution, module in MODULE_OF.items()},
    **_COMPILED,
    **_OTHERS,
}
_OF_EXTENSIONS = ("_cuda", "_C", "_ext")


def distribution_of(module: str) -> str:
    """Return what pip installs for a module; "" where that is not known, or where no package index has it.

    Args:
        module: as it is imported: `timm.models.layers`.
    """
    return _DISTRIBUTIONS.get(module.partition(".")[0], "")


def is_compiled(module: str) -> bool:
    """Return whether a module has to be compiled, for CUDA mostly: a pure Python package would not be enough."""
    top = module.partition(".")[0]
    return top in _COMPILED or top.endswith(_OF_EXTENSIONS) or "_cuda_" in top
