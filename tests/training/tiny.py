"""A tiny set of prepared faces, and a configuration for which a step takes milliseconds."""

import functools

import cv2
import numpy as np
from fakes import landmarks, shape_model

from ganonymization.training.config import TrainingConfig
from ganonymization.training.prepare import prepare_faces

SIZE_PX = 32

CONFIG = TrainingConfig(
    size_px=SIZE_PX,
    channels=(16, 32),
    encoder_blocks=(0, 1),
    decoder_blocks=(1,),
    discriminator_channels=(8, 16, 16),
    batch_size=2,
    samples=8,
    workers=0,
    threads=1,
)


def smooth_picture(seed, size_px=120):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC)


def person_mask(image):
    """The person is everything but a border."""
    mask = np.zeros(image.shape[:2], np.float32)
    mask[4:-4, 4:-4] = 1
    return mask


def picture(seed):
    """Name, picture and landmarks; the second face lies half outside."""
    center = (62.0, 64.0) if seed != 1 else (10.0, 64.0)
    return f"face {seed}.png", smooth_picture(seed), landmarks(seed, center=center, height_px=40, roll_deg=3 * seed)


@functools.cache
def face_set():
    pictures = [picture(seed) for seed in range(4)]
    return prepare_faces(pictures, shape_model=shape_model(), segment=person_mask, size_px=SIZE_PX)
