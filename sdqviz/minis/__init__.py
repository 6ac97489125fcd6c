"""Small complete Stable Diffusion pipelines, trained by this project, and the world they draw.

How the second edition is made. Every command goes on where it was stopped when it is started again
with the same arguments; WORK is any folder outside the repository.

    python -m sdqviz.minis.world.dataset --out WORK/data --workers 2
    python -m sdqviz.minis.judge.train --data WORK/data --out WORK/judge
    python -m sdqviz.minis.train_autoencoder --data WORK/data --out WORK/vae --steps 6000 \\
        --cool-from 4500 --cool-steps 1500
    python -m sdqviz.minis.latents --data WORK/data --vae WORK/vae/vae --out WORK/latents.pt
    python -m sdqviz.minis.train_denoiser --family sd1 --data WORK/data --latents WORK/latents.pt \\
        --vae WORK/vae/vae --out WORK/sd1 --compile \\
        --steps 40000 --cool-from 32000 --cool-steps 8000
    python -m sdqviz.minis.train_autoencoder --data WORK/data --out WORK/vae --decoder-only \\
        --perceptual 0.5 --steps 6000 --cool-from 3000 --cool-steps 3000
    python -m sdqviz.minis.score WORK/sd1/mini --judge WORK/judge/judge.safetensors --json

On a CPU a step of the autoencoder costs 0.3 core seconds (4 pictures), one of the judge 0.35 (48),
and v1's denoiser takes 25 samples a core second, compiled 44 (and some minutes of compiling once).
One thread each beside one another (`--threads`) wastes least.

v2 and XL take the same latents with `--family sd2` and `--family sdxl`. v3 has an autoencoder of
its own: `train_autoencoder --family sd3 --out WORK/vae-sd3`, then its own latents and
`--family sd3`. When the cooling begins may be decided late: only the steps from there on change.
The sharpened decoder (`WORK/vae/vae-decoder`) takes the place of the mini's `vae` folder.
"""
