"""NVIDIA GPUs as their driver knows them, by `nvidia-ml-py`; nothing where that is missing."""
