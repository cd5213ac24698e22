"""The training loop: one readable step, checkpoints, contact sheets, exact stop and resume."""

from __future__ import annotations

import copy
import dataclasses
import enum
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn

from ganonymization.errors import InputError
from ganonymization.synthesize.pix2pix import NOISE_SIZE
from ganonymization.training import losses
from ganonymization.training.augment import augment
from ganonymization.training.backbone import LAYERS, Backbone
from ganonymization.training.blemishes import bare_skin, blemish_excess, line_excess
from ganonymization.training.config import ConfigError, TrainingConfig
from ganonymization.training.consistency import ExpressionConsistency, LandmarkConsistency
from ganonymization.training.course import (
    CHECKPOINT_NAME,
    Follower,
    learn,
    load_batches,
    load_checkpoint,
    prepare_run,
    resume,
    save_checkpoint,
)
from ganonymization.training.data import Batch, FaceViews
from ganonymization.training.divergence import DivergedError
from ganonymization.training.exchange import Exchange
from ganonymization.training.identity import IdentityReader, embed_faces, identity_missed
from ganonymization.training.labels import label_looks, male_by_shape, rare_more_often
from ganonymization.training.networks import Discriminator, Generator
from ganonymization.training.perception import Perception
from ganonymization.training.precision import working_dtype, working_precision
from ganonymization.training.prepare import FaceSet
from ganonymization.training.recorder import Recorder, Schedule
from ganonymization.training.resident import PlannedBatch, PlannedViews, ResidentFaces, fits
from ganonymization.training.retouching import as_shown
from ganonymization.training.showcase import FaceShowcase
from ganonymization.training.thaw import Thawed, thaw
from ganonymization.training.tint import Tinted, tint, tint_missed

logger = logging.getLogger(__name__)

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)

OUTSIDE_WEIGHT = 0.3
"""Weight of pixels outside the hull in the absolute difference: only the feathered seam shows them."""

STYLE_PACE: Final = 4.0
"""How much faster than the rest of the generator the layers learn that turn palette and identity into a style."""

_NETWORKS: Final = ("generator", "reader", "discriminator", "average")


class Drawn(NamedTuple):
    """A drawn batch of B faces.

    Attributes:
        image: (B, 3, S, S) in -1..1.
        codes: (B, 32) that they were drawn with.
        encoded: (B,) 1 where that is the code of the training face, 0 where the face is invented.
        tinted: palettes that they were drawn with.
    """

    image: Tensor
    codes: Tensor
    encoded: Tensor
    tinted: Tinted


class Shown(NamedTuple):
    """What the backbone's layers see in N real faces and N invented ones.

    Attributes:
        real: (N, C, H, W) per layer.
        fake: likewise; a loss flows back to the faces.
        real_part: (N, 1, S, S), 1 where something would be drawn.
        fake_part: (N, 1, S, S), 1 where something is drawn.
    """

    real: list[Tensor]
    fake: list[Tensor]
    real_part: Tensor
    fake_part: Tensor


class Trainer:
    """Networks, optimizers and the state of a run.

    Args:
        config: the run.
        device: torch device; the networks compute in half precision where it has that (see `working_precision`).
    """

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.device = device
        self.samples = self.begun_at = 0
        self.generator = _placed(build_generator(config), device)
        self.reader = IdentityReader().to(device)
        judged = tuple(LAYERS.values()) if config.critic_weight else ()
        discriminator = Discriminator(config.size_px, config.discriminator_channels, features=judged)
        self.discriminator = _placed(discriminator, device)
        self.average = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        style = list(self.generator.style.parameters())
        rest = [parameter for name, parameter in self.generator.named_parameters() if not name.startswith("style.")]
        self.generator_step = torch.optim.Adam(
            [{"params": rest}, {"params": style}], lr=config.generator_rate, betas=(0.0, 0.99), fused=True
        )
        self.discriminator_step = torch.optim.Adam(
            self.discriminator.parameters(), lr=config.discriminator_rate, betas=(0.0, 0.99), fused=True
        )
        self.random = torch.Generator().manual_seed(config.seed)
        self.consistency = LandmarkConsistency().to(device) if config.landmark_weight else None
        self.expression = ExpressionConsistency().to(device) if config.expression_weight else None
        self.perception = Perception(self.reader.recogniser)
        self.backbone = Backbone().to(device) if config.critic_weight else None

    def step(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch and return the losses by name."""
        self._set_rates()
        with working_precision(self.device):
            own = self._read(batch)
            with torch.set_grad_enabled(not self._is_settling):
                drawn = self._generate(batch, self.reader.code(own))
            composite = torch.where(batch.known > 0, batch.image, drawn.image)
            # where the discriminator computes in half precision, converting once here halves the traffic of memory
            real, fake = ((image * batch.valid).to(working_dtype(self.device)) for image in (batch.image, composite))
            discriminator_loss = self._judge_both(real, fake.detach(), batch)
            shown = self._show(real, fake, batch)
            critic_loss = self._judge_features(shown) if shown else fake.new_zeros(())
        self._descend(self.discriminator_step, discriminator_loss + critic_loss, self.discriminator)
        terms: dict[str, tuple[float, Tensor]] = {}
        if not self._is_settling:
            self.discriminator.requires_grad_(requires_grad=False)
            with working_precision(self.device):
                terms = self._generator_terms(batch, drawn, fake, real)
                terms |= self._frozen_terms(batch, fake, drawn.encoded)
                if self.config.identity_weight:
                    terms["identity"] = (self.config.identity_weight, self._identity(batch, fake, drawn, own))
                if shown:
                    says = _without_features(self.discriminator.judge_features(shown.fake))
                    terms["critic"] = (self.config.critic_weight, losses.generator_hinge(says, shown.fake_part))
            self._descend(self.generator_step, losses.total(list(terms.values())), self.generator)
            self.discriminator.requires_grad_(requires_grad=True)
            self.average_weights(len(batch.image))
        self.samples += len(batch.image)
        judged = {"discriminator": discriminator_loss.item()} | ({"judge": critic_loss.item()} if shown else {})
        return judged | {name: loss.item() for name, (_, loss) in terms.items()}

    @torch.no_grad()
    def _read(self, batch: Batch) -> Tensor:
        """Return the (B, 128) embeddings of the training faces."""
        return self.reader(batch.image, batch.own_landmarks, random=self.random)

    def _generate(self, batch: Batch, codes: Tensor) -> Drawn:
        """Draw a batch, whose faces have those codes; some are given theirs, others are invented."""
        count = len(batch.image)
        random = torch.randn(count, NOISE_SIZE, generator=self.random).to(self.device)
        own = (torch.arange(count) >= self._random_count(count)).float().to(self.device)
        encoded = own * (1 - batch.reshaped)  # an invented person has no code
        noise = torch.where(encoded[:, None] > 0, codes, self.reader.suit(random, codes, self.random))
        surround = batch.image * batch.known
        jitter = 0.06 * torch.randn(batch.palette.shape, generator=self.random).to(self.device)
        tinted = tint(batch, 1 - encoded, self.random)
        palette = tinted.palette + jitter * (1 - encoded[:, None])
        image = self.generator(batch.maps, surround, batch.known, palette, noise)
        return Drawn(image, noise, encoded, tinted)

    def _identity(self, batch: Batch, fake: Tensor, drawn: Drawn, own: Tensor) -> Tensor:
        """Return how far faces with random codes are from what was asked for; see `identity_missed`."""
        invented = drawn.encoded == 0
        seen = losses.tempered(fake[invented], weight=self.config.identity_weight)
        found = self.reader(seen, batch.landmarks[invented], random=self.random)
        return identity_missed(self.reader, found, drawn.codes[invented], own[invented])

    def _judge_both(self, real: Tensor, fake: Tensor, batch: Batch) -> Tensor:
        layers = torch.cat([batch.maps, batch.unknown], dim=1)
        image, layers = augment(torch.cat([real, fake]), torch.cat([layers, layers]), self.random)
        judged = self.discriminator(image, layers[:, :-1])
        count = len(real)
        # real and generated faces are changed differently, each has patches of its own
        real_part, fake_part = layers[:count, -1:], layers[count:, -1:]
        return 0.5 * (
            losses.real_hinge(_without_features([logits[:count] for logits, _ in judged]), real_part)
            + losses.fake_hinge(_without_features([logits[count:] for logits, _ in judged]), fake_part)
        )

    def _show(self, real: Tensor, fake: Tensor, batch: Batch) -> Shown | None:
        """Return what the backbone's layers see in invented faces and in as many others; None where nobody looks."""
        count = min(self._random_count(len(real)), len(real) // 2)
        if self.backbone is None or not count:
            return None
        seen = losses.tempered(fake[:count], weight=self.config.critic_weight)
        parts = torch.cat([batch.unknown[:count], batch.unknown[-count:]])
        image, parts = augment(torch.cat([seen, real[-count:]]), parts, self.random)
        parts = parts.detach()
        with torch.no_grad():
            real_features = self.backbone(image[count:])
        return Shown(real_features, self.backbone(image[:count]), parts[count:], parts[:count])

    def _judge_features(self, shown: Shown) -> Tensor:
        real = _without_features(self.discriminator.judge_features(shown.real))
        fake = _without_features(self.discriminator.judge_features([layer.detach() for layer in shown.fake]))
        return 0.5 * (losses.real_hinge(real, shown.real_part) + losses.fake_hinge(fake, shown.fake_part))

    def _generator_terms(
        self,
        batch: Batch,
        drawn: Drawn,
        fake: Tensor,
        real: Tensor,
    ) -> dict[str, tuple[float, Tensor]]:
        config = self.config
        state = self.random.get_state()
        unknown = batch.unknown
        layers = torch.cat([batch.maps, unknown], dim=1)
        seen, layers_seen = augment(fake, layers, self.random)
        fake_judged = self.discriminator(seen, layers_seen[:, :-1])
        self.random.set_state(state)  # the same changes for both, so that features can be compared
        with torch.no_grad():
            real_judged = self.discriminator(augment(real, layers, self.random)[0], layers_seen[:, :-1])
        # no picture shows the invented person whose landmarks were drawn
        pictured = 1 - batch.reshaped
        pixel_weight = batch.valid * torch.where(batch.known > 0, OUTSIDE_WEIGHT, pictured[:, None, None, None])
        encoded, own_colours = drawn.encoded, 1 - drawn.tinted.swapped
        likeness = (encoded + config.prior_likeness * (1 - encoded)) * own_colours
        # another palette changes the face; hair, ears and neck go on as the surround has them
        alike = unknown * (1 - drawn.tinted.swapped[:, None, None, None] * batch.maps[:, :1])
        image, invented = drawn.image.float(), 1 - encoded
        terms = {
            "adversarial": (config.adversarial_weight, losses.generator_hinge(fake_judged, layers_seen[:, -1:])),
            "features": (config.feature_weight, losses.feature_matching(real_judged, fake_judged, likeness * pictured)),
            "l1": (config.l1_weight, losses.masked_l1(image, batch.image, pixel_weight, likeness)),
            "coarse": (config.coarse_weight, losses.coarse_l1(image, batch.image, alike, invented)),
            "tint": (config.tint_weight, tint_missed(image, batch, drawn.tinted, invented)),
        }
        skin = bare_skin(batch.maps, unknown)
        if config.blemish_weight:
            terms["blemishes"] = (config.blemish_weight, blemish_excess(image, batch.image, skin, invented))
        if config.line_weight:
            terms["lines"] = (config.line_weight, line_excess(image, skin, invented))
        return terms

    def _frozen_terms(self, batch: Batch, fake: Tensor, encoded: Tensor) -> dict[str, tuple[float, Tensor]]:
        """Return what networks that do not learn say about generated faces."""
        config, terms = self.config, dict[str, tuple[float, Tensor]]()
        points = (batch.landmarks, batch.own_landmarks)
        if self.consistency is not None:
            part = slice(None, None, config.landmark_stride)
            seen = losses.tempered(fake[part], weight=config.landmark_weight)
            terms["landmarks"] = (config.landmark_weight, self.consistency(seen, batch.landmarks[part]))
        if self.expression is not None:
            seen = losses.tempered(fake, weight=config.expression_weight)
            loss = self.expression(seen, batch.image, points, invented=1 - encoded, random=self.random)
            terms["expression"] = (config.expression_weight, loss)
        if config.perceptual_weight:
            own = encoded > 0
            seen = losses.tempered(fake[own], weight=config.perceptual_weight)
            loss = self.perception(seen, batch.image[own], batch.own_landmarks[own], random=self.random)
            terms["perception"] = (config.perceptual_weight, loss)
        return terms

    @property
    def _is_settling(self) -> bool:
        """Whether the generator waits for the others."""
        return self.samples - self.begun_at < self.config.settle_samples

    def _random_count(self, count: int) -> int:
        """Return how many faces of a batch, the first ones, get random noise."""
        return round(self.config.prior_share * count)

    def _descend(self, optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module) -> None:
        if not torch.isfinite(loss):
            name = type(network).__name__
            raise DivergedError(
                f"the loss of {name} is {loss.item()} after {self.samples} samples; go on from the last checkpoint "
                "with smaller steps (generator_rate, discriminator_rate)"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def _set_rates(self) -> None:
        progress = (self.samples - self.begun_at) / max(1, self.config.samples - self.begun_at)
        share = 1 - (1 - self.config.final_rate_share) * max(0.0, min(1.0, (progress - 2 / 3) * 3))
        learnt = self.samples - self.begun_at - self.config.settle_samples
        ramp = min(1.0, (learnt + 1) / max(1, self.config.ramp_samples))
        rest, style = self.generator_step.param_groups
        rest["lr"] = ramp * share * self.config.generator_rate
        style["lr"] = STYLE_PACE * rest["lr"]
        self.discriminator_step.param_groups[0]["lr"] = share * self.config.discriminator_rate

    @torch.no_grad()
    def average_weights(self, seen: int) -> None:
        """Let the average follow the generator as after so many samples more; while that waits, it stays."""
        if self._is_settling:
            return
        half_life = min(self.config.ema_half_life, 1 + self.samples / 4)
        keep = 0.5 ** (seen / half_life)
        for averaged, current in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            averaged.lerp_(current, 1 - keep)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        names = (*_NETWORKS, "generator_step", "discriminator_step")
        parts = {name: getattr(self, name).state_dict() for name in names}
        return parts | {
            "samples": self.samples,
            "begun_at": self.begun_at,
            "random": self.random.get_state(),
            "config": dataclasses.asdict(self.config),
        }

    def grow_from(self, state: dict[str, Any]) -> None:
        """Take up what a smaller run has learned; levels that it did not have begin anew.

        Raises:
            ConfigError: the other run has levels that this one lacks, or of another width.
        """
        for name in _NETWORKS:
            self._take_up(name, state[name])
        self.samples = self.begun_at = state["samples"]

    def begin_with(self, thawed: Thawed) -> None:
        """Take up a generator of which only its file is left; a discriminator that is not beside it begins anew.

        Raises:
            ConfigError: one of the two has other levels, or of another width, or what the generator says of its codes
                is damaged.
        """
        try:
            self.generator.load_state_dict(thawed.weights)
        except RuntimeError as error:
            raise ConfigError("that generator is not of this preset, or of other widths") from error
        self.average.load_state_dict(thawed.weights)
        if thawed.discriminator is not None:
            judges = self.backbone is not None
            wanted = {name: x for name, x in thawed.discriminator.items() if judges or not name.startswith("features.")}
            try:
                self._take_up("discriminator", wanted)
            except ConfigError as error:
                raise ConfigError(f"{error}; to begin a new one, copy the generator's file alone elsewhere") from error
        if thawed.axes is not None:
            try:
                self.reader.recall(thawed.axes)
            except ValueError as error:
                raise ConfigError(f"that generator is damaged: {error}; take another copy of it") from error
        self.samples = self.begun_at = thawed.samples

    def _take_up(self, name: str, state: dict[str, Tensor]) -> None:
        """Give a network what another has learnt; what that does not have stays as it is."""
        network: nn.Module = getattr(self, name)
        own = network.state_dict()
        strange = [key for key, value in state.items() if key not in own or own[key].shape != value.shape]
        if strange:
            raise ConfigError(f"cannot grow from that run: {name} has no {strange[0]} of its shape")
        network.load_state_dict(own | state)

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state of an earlier run."""
        for name in (*_NETWORKS, "generator_step", "discriminator_step"):
            getattr(self, name).load_state_dict(state[name])
        self.samples, self.begun_at = state["samples"], state["begun_at"]
        self.random.set_state(state["random"].cpu())


def _placed(network: AnyNetwork, device: torch.device) -> AnyNetwork:
    return cast("AnyNetwork", cast("Any", network).to(device, memory_format=torch.channels_last))


def _without_features(logits: list[Tensor]) -> losses.Judgement:
    """Return logits as the losses want them."""
    return [(layer, []) for layer in logits]


def build_generator(config: TrainingConfig) -> Generator:
    """Return a generator with fresh weights."""
    return Generator(
        config.channels,
        encoder_blocks=config.encoder_blocks,
        decoder_blocks=config.decoder_blocks,
        unshuffle=config.unshuffle,
        detail_channels=config.detail_channels,
    )


class Role(enum.Enum):
    """What a process is to a run; only the follower of two writes nothing but its weights."""

    ALONE = "alone"
    LEADER = "leader"
    FOLLOWER = "follower"


def train(
    config: TrainingConfig,
    faces: FaceSet,
    folder: Path,
    *,
    device: torch.device,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
    smaller_run: Path | None = None,
    role: Role = Role.ALONE,
) -> Trainer:
    """Train until `config.samples`, going on from a checkpoint in `folder` if there is one.

    Args:
        config: the run.
        faces: prepared faces.
        folder: of checkpoint, log and contact sheets.
        device: torch device.
        schedule: how often to write, and when to stop.
        smaller_run: folder of a run, or file of a generator, to grow from where `folder` holds no checkpoint yet.
        role: alone, or one of two processes that train the same run together.

    Raises:
        InputError: there is nothing to grow from, or it has seen as many faces as this run is to see in all.
        DivergedError: training no longer leads anywhere.
    """
    prepare_run(folder, threads=config.threads)
    trainer = Trainer(config, device)
    faces = as_shown(faces, config)
    if not resume(trainer, folder, device=device):
        embeddings = embed_faces(trainer.reader, faces, device)
        if not (smaller_run and _grow(trainer, smaller_run)):
            trainer.reader.fit(embeddings)
        trainer.reader.tell_men(trainer.reader.code(embeddings), torch.from_numpy(male_by_shape(faces)))
    batches = _batches(_views(faces, config, trainer.samples, role), faces, config, device)
    followers = _followers(trainer, folder, role)
    if role is not Role.FOLLOWER:
        followers.append(Recorder(trainer, folder, schedule, FaceShowcase(trainer, _fixed_batch(faces, config))))
    learn(trainer, batches, goal=config.samples, limit_seconds=schedule.limit_seconds, followers=followers)
    if role is not Role.FOLLOWER:
        save_checkpoint(trainer, folder / CHECKPOINT_NAME)
    return trainer


def measure_run(folder: Path, faces: FaceSet) -> dict[str, float]:
    """Return the figures of `FaceShowcase` for a run, on faces of a set.

    Raises:
        InputError: the folder holds no checkpoint.
    """
    device = torch.device("cpu")
    state = load_checkpoint(folder, device=device)
    config = TrainingConfig.from_table(state["config"])
    trainer = Trainer(config, device)
    trainer.restore(state)
    return FaceShowcase(trainer, _fixed_batch(as_shown(faces, config), config)).measure()


def _grow(trainer: Trainer, smaller_run: Path) -> bool:
    """Grow from a run or a file, and return whether it tells what its identity codes mean."""
    tells_axes = True
    if smaller_run.suffix == ".onnx":
        thawed = thaw(smaller_run)
        trainer.begin_with(thawed)
        tells_axes = thawed.axes is not None
    else:
        trainer.grow_from(load_checkpoint(smaller_run, device=trainer.device))
    logger.info("grown from %s after %d samples", smaller_run, trainer.samples)
    if trainer.samples >= trainer.config.samples:
        raise InputError(
            f"{smaller_run} has seen {trainer.samples} faces, and this run ends at {trainer.config.samples}; that "
            "number counts both, so raise `samples` in the configuration"
        )
    return tells_axes


def _followers(trainer: Trainer, folder: Path, role: Role) -> list[Follower]:
    partners = {Role.LEADER: Role.FOLLOWER, Role.FOLLOWER: Role.LEADER}
    if role not in partners:
        return []
    exchange = Exchange(folder, own=role.value, partner=partners[role].value)
    return [lambda *_: exchange(trainer, trainer.config.batch_size)]


def _batches(views: FaceViews, faces: FaceSet, config: TrainingConfig, device: torch.device) -> Iterator[Batch]:
    if not fits(faces, device):
        return load_batches(views, workers=config.workers, device=device)
    planned: Iterator[PlannedBatch] = load_batches(
        PlannedViews(views, layer_px=faces.images.shape[1]), workers=config.workers, device=device
    )
    resident = ResidentFaces(faces, device)
    return (resident.draw(batch.to(device)) for batch in planned)


def _views(faces: FaceSet, config: TrainingConfig, start: int, role: Role) -> FaceViews:
    if role is Role.FOLLOWER:
        config = dataclasses.replace(config, seed=config.seed + 1)
    shares = rare_more_often(label_looks(faces), config.rarity) if config.rarity else None
    return FaceViews(faces, config, start=start, shares=shares)


def _fixed_batch(faces: FaceSet, config: TrainingConfig) -> Batch:
    return next(iter(FaceViews(faces, dataclasses.replace(config, seed=7, batch_size=16))))
