"""Who a face shows, as a code; and terms by which who is drawn follows from the code, and not from the surround.

The code is what the receipts' recogniser sees in a training face, along the directions in which training faces differ
most. An encoder that learns beside the generator finds it easier to tell from which side the light comes than who is
lit; the recogniser was made to see past light and pose, and cannot agree with the generator on a secret sign, since it
does not learn. Training faces show people who do not exist; at run time the code is random.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.recognise import FACE_RECOGNITION
from ganonymization.synthesize.pix2pix import NOISE_SIZE
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.prepare import MARGIN
from ganonymization.training.regions import cut_aligned, place_squares, shaken

if TYPE_CHECKING:
    from ganonymization.training.prepare import FaceSet

STRANGERS: Final = 0.825
"""Distance from which on two faces are different enough: the mean between people in LFW."""

EMBEDDING_SIZE: Final = 128

TEMPERATURE: Final = 0.1
"""By so much must the squared distance of a face to its code be below that to another, to be told e times as likely."""

JITTER: Final = 0.02
"""How far, in shares of its side, the square that the recogniser sees is moved, turned and scaled."""

LEAST_SPREAD: Final = 0.02
"""Along no axis faces count as less different: about what two views of one face differ by."""

SUITING: Final = 0.85
"""Of the invented people, so many are of the sex that the face is taken for; of the others half are by chance."""

_AXES: Final = ("middle", "axes", "spread")

_DECIMALS: Final = 5

_BATCH: Final = 16


class IdentityReader(nn.Module):
    """Read the identity code of a face; codes of the faces that it was fitted on have mean 0 and covariance 1."""

    middle: Tensor
    axes: Tensor
    spread: Tensor
    manly: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.recogniser = FrozenNetwork(weights.locate(FACE_RECOGNITION.weights), FACE_RECOGNITION.output)
        self.register_buffer("middle", torch.zeros(EMBEDDING_SIZE))
        self.register_buffer("axes", torch.eye(EMBEDDING_SIZE, NOISE_SIZE))
        self.register_buffer("spread", torch.ones(NOISE_SIZE))
        self.register_buffer("manly", torch.zeros(NOISE_SIZE))

    @torch.no_grad()
    def fit(self, embeddings: Tensor) -> None:
        """Take the leading principal components of (N, 128) embeddings for the axes of the code."""
        self.middle.copy_(embeddings.mean(dim=0))
        offset = (embeddings - self.middle).double()
        variances, axes = torch.linalg.eigh(offset.T @ offset / max(1, len(offset) - 1))
        leading = axes.flip(1)[:, :NOISE_SIZE]
        # a component has no sign of its own; so that the same faces always give the same codes it gets one
        largest = leading.gather(0, leading.abs().argmax(dim=0, keepdim=True))
        self.axes.copy_(leading * largest.sign())
        self.spread.copy_(variances.flip(0)[:NOISE_SIZE].clamp_min(0).sqrt().clamp_min(LEAST_SPREAD))

    def forward(self, image: Tensor, landmarks: Tensor, *, random: torch.Generator | None = None) -> Tensor:
        """Return the (B, 128) embeddings of faces.

        Args:
            image: (B, 3, S, S) in -1..1.
            landmarks: (B, 478, 2|3) in shares of the image's side.
            random: moves the squares that the recogniser sees; None leaves them in place.
        """
        if not len(image):
            return image.new_zeros((0, EMBEDDING_SIZE), dtype=torch.float32)
        squares = place_squares(landmarks, FACE_RECOGNITION.framing)
        if random is not None:
            squares = shaken(squares, random, amount=JITTER)
        with torch.autocast(image.device.type, enabled=False):
            square = cut_aligned(image.float(), squares, size_px=FACE_RECOGNITION.size_px)
            embedding: Tensor = self.recogniser(127.5 * (square + 1))
        return embedding

    def note(self) -> str:
        """Return the axes of the code as text that `recall` understands."""
        parts = {name: getattr(self, name).double().cpu().numpy().round(_DECIMALS).tolist() for name in _AXES}
        return json.dumps(parts, separators=(",", ":"))

    def recall(self, text: str) -> None:
        """Take the axes from a text.

        Raises:
            ValueError: it is none that `note` returned.
        """
        try:
            parts = {name: torch.tensor(values) for name, values in json.loads(text).items()}
            self.load_state_dict({"manly": self.manly} | parts)
        except (AttributeError, TypeError, RuntimeError) as error:
            raise ValueError("the text holds no axes of identity codes") from error

    def code(self, embeddings: Tensor) -> Tensor:
        """Return the (B, 32) codes of (B, 128) embeddings."""
        with torch.autocast(embeddings.device.type, enabled=False):
            code: Tensor = (embeddings - self.middle) @ self.axes / self.spread
        return code

    @torch.no_grad()
    def tell_men(self, codes: Tensor, male: Tensor) -> None:
        """Learn which way along the code faces look more like those of men.

        Args:
            codes: (N, 32) of training faces.
            male: (N,) logits of being taken for a man.
        """
        way = (codes - codes.mean(dim=0)).T @ (male - male.mean()).to(codes)
        self.manly.copy_(F.normalize(way, dim=0))

    def suit(self, codes: Tensor, own: Tensor, random: torch.Generator) -> Tensor:
        """Return (B, 32) random codes, most of them of the sex of those whom they replace.

        When a generator is used, invented people are of the sex that the face is taken for (`casting`). One that is
        asked for men on women's faces as often draws whatever makes a man of them, on men's faces as well.

        Args:
            codes: (B, 32) standard normal; they still are afterwards, where men and women are equally many.
            own: (B, 32) of the training faces that are replaced.
            random: chooses.
        """
        along = codes @ self.manly
        chosen = (torch.rand(len(codes), generator=random) < SUITING).to(codes.device)
        turned = chosen & (along * (own @ self.manly) < 0)
        return codes - 2 * (along * turned)[:, None] * self.manly


@torch.no_grad()
def embed_faces(reader: IdentityReader, faces: FaceSet, device: torch.device) -> Tensor:
    """Return the (N, 128) embeddings of prepared faces."""
    rows = []
    for start in range(0, len(faces.names), _BATCH):
        part = slice(start, start + _BATCH)
        image = torch.from_numpy(faces.images[part]).to(device).permute(0, 3, 1, 2) / 127.5 - 1
        points = torch.from_numpy(faces.landmarks[part]).to(device)[..., :2]
        rows.append(reader(image, (points - 0.5) / MARGIN + 0.5))
    return torch.cat(rows)


def identity_missed(reader: IdentityReader, found: Tensor, codes: Tensor, own: Tensor) -> Tensor:
    """Return by how much drawn faces miss being those whom their codes describe; 0 for less than two.

    The sum of three means over the batch: how far they are from their codes, and what they lack to strangers of the
    faces that they replace, both in distances of strangers; and how badly each is told from the others by its code, and
    each code from the others by its face, over what a guess would give (van den Oord et al., "Representation learning
    with contrastive predictive coding", 2018).

    Args:
        reader: has read the embeddings.
        found: (B, 128) of drawn faces.
        codes: (B, 32) that they were drawn with.
        own: (B, 128) of the training faces in whose surrounds they were drawn.
    """
    if len(found) < 2:
        return found.sum() * 0
    offsets = (reader.code(found)[:, None] - codes[None]) * reader.spread
    astray = _length(offsets.diagonal().T)
    alike = (STRANGERS - _length(found - own)).clamp_min(0)
    logits = -offsets.square().sum(dim=2) / TEMPERATURE
    right = torch.arange(len(found), device=found.device)
    confused = F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)
    return (astray + alike).mean() / STRANGERS + confused / (2 * math.log(len(found)))


def _length(offset: Tensor) -> Tensor:
    return offset.square().sum(dim=-1).clamp_min(1e-6).sqrt()
