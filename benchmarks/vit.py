"""Plain ViT against a plain transcription of the published formulas: time and memory a forward.

    python -m benchmarks.vit [--model vit_b] [--size 448] [--threads 1] [--pairs 3]

The transcription has explicit softmax attention, resizes its position embedding at every pass and fuses the
head's maps when all are at 1/4. Weights are random, because times do not depend on them; benchmarks.precision
measures the effect of precision on masks. Both take turns in one run; seconds are of CPU time. Memory (Linux)
is measured in a process of its own.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.measure import in_own_process, medians, peak_memory, table
from cfr_icl.models.plain_vit import resize_position
from cfr_icl.models.registry import build_model, default_config
from cfr_icl.weights.precision import compute_in_precision

STEPS = 4
KINDS = ("transcription, float32", "ours, float32", "ours, bfloat16")


class ExplicitAttention(nn.Module):
    """Softmax attention by its formula: all weights of all heads at once."""

    def __init__(self, fused: nn.Module) -> None:
        super().__init__()
        self.qkv, self.proj, self.heads = fused.qkv, fused.proj, fused.num_heads

    def forward(self, x: torch.Tensor, **_) -> torch.Tensor:
        batch, count, dim = x.shape
        q, k, v = self.qkv(x).view(batch, count, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(2, 3) / (dim // self.heads) ** 0.5).softmax(dim=3)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, count, dim))


class ExplicitHead(nn.Module):
    """SegFormer's head by its formula: all maps at 1/4, then the fusing convolution."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.scales, self.fuse, self.logit = head.scales, head.fuse, head.logit

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        size = features[0].shape[2:]
        maps = [F.relu(conv(x)) for conv, x in zip(self.scales, features, strict=True)]
        maps = [F.interpolate(x, size=size, mode="bilinear", align_corners=False) for x in maps]
        return self.logit(F.relu(self.fuse(torch.cat(maps, dim=1))))


def network(model: str, kind: str) -> nn.Module:
    """A network with random weights, the same for every kind; ours as `load_model` prepares them."""
    torch.manual_seed(0)
    made = build_model(default_config(model)).eval().requires_grad_(False)
    made.precision = torch.bfloat16 if kind.endswith("bfloat16") else torch.float32
    if kind.startswith("transcription"):
        for block in made.blocks:
            block.attn = ExplicitAttention(block.attn)
        made.head = ExplicitHead(made.head)
        made._position_for = lambda height, width: resize_position(made.position, height, width)
    else:
        compute_in_precision(made)
    return made


@torch.inference_mode()
def forward(made: nn.Module, image: torch.Tensor, prompt_maps: torch.Tensor) -> torch.Tensor:
    return made.decode_in_precision(made.encode(image), prompt_maps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vit_b")
    parser.add_argument("--size", type=int, default=448)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--memory", choices=KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    image, prompt_maps = torch.rand(2, 2, 3, options.size, options.size)
    if options.memory:
        made = network(options.model, options.memory)
        Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
        before = peak_memory()
        forward(made, image[:1], prompt_maps[:1])
        print(peak_memory() - before)
        return
    made = {kind: network(options.model, kind) for kind in KINDS}
    expected = forward(made[KINDS[0]], image, prompt_maps)
    difference = {k: (forward(made[k], image, prompt_maps) - expected).abs().max().item() for k in KINDS}
    seconds = medians(
        {
            (kind, count): lambda kind=kind, count=count: forward(
                made[kind], image[:count], prompt_maps[:count]
            )
            for kind in KINDS
            for count in (1, 2)
        },
        options.pairs,
        time.process_time,
    )
    rows = []
    for kind in KINDS:
        same = ["--model", options.model, "--size", options.size, "--threads", options.threads]
        memory = in_own_process("vit", "--memory", kind, *same)
        rows.append(
            {
                f"{options.model}, {options.size} px": kind,
                "s/forward": f"{seconds[kind, 1]:.2f}",
                "times faster": f"{seconds[KINDS[0], 1] / seconds[kind, 1]:.2f}",
                "memory": f"{int(memory) / 2**20:.0f} MiB",
                "logits, max difference": f"{difference[kind]:.1e}",
            }
        )
    print(table(rows))
    print()
    print(table(first_clicks(seconds)))


def first_clicks(seconds: dict[tuple[str, int], float]) -> list[dict[str, str]]:
    """A first click with CFR 4, from the seconds of a forward by kind and pictures in the batch."""
    rows = []
    published = (STEPS + 1) * seconds[KINDS[0], 2]
    for kind in KINDS:
        for mirrored, taken in (
            ("every pass", (STEPS + 1) * seconds[kind, 2]),
            ("coarse pass", seconds[kind, 2] + STEPS * seconds[kind, 1]),
        ):
            rows.append(
                {
                    "first click, CFR 4": kind,
                    "mirror image in": mirrored,
                    "s": f"{taken:.1f}",
                    "times as fast as published": f"{published / taken:.2f}",
                }
            )
    return rows


if __name__ == "__main__":
    main()
