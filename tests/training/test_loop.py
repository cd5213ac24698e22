import copy
import dataclasses
import json

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from tiny import CONFIG, face_set  # noqa: E402 - torch may be missing

from ganonymization.errors import InputError  # noqa: E402
from ganonymization.training import losses  # noqa: E402
from ganonymization.training.course import CHECKPOINT_NAME, save_checkpoint  # noqa: E402
from ganonymization.training.data import FaceViews  # noqa: E402
from ganonymization.training.exchange import Exchange  # noqa: E402
from ganonymization.training.identity import IdentityReader, embed_faces  # noqa: E402
from ganonymization.training.labels import male_by_shape  # noqa: E402
from ganonymization.training.loop import STYLE_PACE, Trainer, train  # noqa: E402
from ganonymization.training.recorder import Schedule  # noqa: E402
from ganonymization.training.retouching import retouched  # noqa: E402

CPU = torch.device("cpu")
NETWORKS = ("generator", "discriminator", "average")
OFTEN = Schedule(checkpoint_seconds=0, sheet_samples=4, log_samples=2, measure_samples=8)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def batches(count, config=CONFIG):
    stream = iter(FaceViews(face_set(), config))
    return [next(stream).to(CPU) for _ in range(count)]


def weights_of(trainer):
    states = {name: getattr(trainer, name).state_dict() for name in NETWORKS}
    return {f"{name}.{key}": value.clone() for name, state in states.items() for key, value in state.items()}


def require_equal(first, second):
    """Compare nested states to the last bit."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            require_equal(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for a, b in zip(first, second, strict=True):
            require_equal(a, b)
    elif isinstance(first, torch.Tensor):
        assert first.equal(second)
    else:
        assert first == second


def test_two_steps_teach_every_network():
    trainer = Trainer(CONFIG, CPU)
    before = weights_of(trainer)
    for batch in batches(2):
        report = trainer.step(batch)
    assert set(report) == {"discriminator", "adversarial", "features", "l1", "coarse", "tint"}
    assert all(value == value for value in report.values())
    changed = {key.split(".")[0] for key, value in weights_of(trainer).items() if not value.equal(before[key])}
    assert changed == set(NETWORKS)
    assert trainer.samples == 4


def test_frozen_networks_are_asked_where_they_have_a_weight():
    weights = {f"{name}_weight": 1.0 for name in ("landmark", "expression", "identity", "perceptual")}
    config = dataclasses.replace(CONFIG, batch_size=4, **weights)
    report = Trainer(config, CPU).step(batches(1, config)[0])
    assert {"landmarks", "expression", "identity", "perception"} < set(report)
    assert all(value == value for value in report.values())


def test_a_discriminator_of_layers_learns_and_teaches():
    config = dataclasses.replace(CONFIG, batch_size=4, critic_weight=1.0)
    trainer = Trainer(config, CPU)
    before = copy.deepcopy(trainer.discriminator.features)
    report = trainer.step(batches(1, config)[0])
    assert {"judge", "critic"} < set(report)
    assert all(value == value for value in report.values())
    learnt = zip(trainer.discriminator.features.parameters(), before.parameters(), strict=True)
    assert not any(now.equal(then) for now, then in learnt if now.ndim > 1)


def test_a_run_without_a_discriminator_of_layers_can_grow_into_one_with_it():
    state = Trainer(CONFIG, CPU).state()
    trainer = Trainer(dataclasses.replace(CONFIG, samples=16, critic_weight=1.0), CPU)
    trainer.grow_from(state)
    require_equal(trainer.generator.state_dict(), state["generator"])


def test_one_face_that_a_frozen_network_resents_does_not_outweigh_all_others():
    config = dataclasses.replace(CONFIG, batch_size=4, expression_weight=4.0)
    trainer = Trainer(config, CPU)
    (batch,) = batches(1, config)
    drawn = trainer._generate(batch, trainer.reader.code(trainer._read(batch)))
    fake = torch.where(batch.known > 0, batch.image, drawn.image)
    weight, loss = trainer._frozen_terms(batch, fake, drawn.encoded)["expression"]
    (pull,) = torch.autograd.grad(1e4 * weight * loss, fake)
    assert pull.flatten(1).norm(dim=1).max().item() <= 1.001 * losses.MOST_PULL * 4.0 / 4


def test_the_colours_of_parts_weigh_as_the_configuration_says():
    (batch,) = batches(1)
    terms = {}
    for weight in (3.0, 8.0):
        trainer = Trainer(dataclasses.replace(CONFIG, tint_weight=weight), CPU)
        drawn = trainer._generate(batch, trainer.reader.code(trainer._read(batch)))
        terms[weight] = trainer._generator_terms(batch, drawn, drawn.image, batch.image)
    assert {weight: term["tint"][0] for weight, term in terms.items()} == {3.0: 3.0, 8.0: 8.0}
    assert terms[3.0]["coarse"][0] == terms[8.0]["coarse"][0] == CONFIG.coarse_weight


@pytest.mark.parametrize(("term", "field"), [("blemishes", "blemish_weight"), ("lines", "line_weight")])
def test_blemishes_and_lines_count_where_they_have_a_weight(term, field):
    (batch,) = batches(1)
    trainer = Trainer(dataclasses.replace(CONFIG, **{field: 5.0}), CPU)
    drawn = trainer._generate(batch, trainer.reader.code(trainer._read(batch)))
    weight, loss = trainer._generator_terms(batch, drawn, drawn.image, batch.image)[term]
    assert weight == 5.0
    assert 0 <= loss.item() < 2


def test_a_face_is_drawn_with_the_code_that_is_read_in_it_or_with_a_random_one():
    config = dataclasses.replace(CONFIG, batch_size=4, prior_share=0.5)
    trainer = Trainer(config, CPU)
    (batch,) = batches(1, config)
    codes = trainer.reader.code(trainer.reader(batch.image, batch.own_landmarks))
    _, noise, encoded, _ = trainer._generate(batch, codes)
    assert encoded.tolist() == [0, 0, 1, 1]
    assert noise[2:].equal(codes[2:])
    assert not torch.isclose(noise[:2], codes[:2]).any()
    _, noise, encoded, _ = trainer._generate(batch._replace(reshaped=torch.tensor([0.0, 0.0, 1.0, 0.0])), codes)
    assert encoded.tolist() == [0, 0, 0, 1]
    assert not torch.isclose(noise[2], codes[2]).any()


def test_a_run_begins_by_fitting_the_reader_to_its_faces(tmp_path):
    trainer = train(dataclasses.replace(CONFIG, samples=2), face_set(), tmp_path, device=CPU)
    reader = IdentityReader()
    reader.fit(embed_faces(reader, face_set(), CPU))
    assert trainer.reader.middle.equal(reader.middle)
    assert trainer.reader.axes.equal(reader.axes)


def test_a_run_knows_men_from_the_start_and_draws_them_over_men(tmp_path):
    trainer = train(dataclasses.replace(CONFIG, samples=2), face_set(), tmp_path, device=CPU)
    codes = trainer.reader.code(embed_faces(trainer.reader, face_set(), CPU))
    wanted = IdentityReader()
    wanted.tell_men(codes, torch.from_numpy(male_by_shape(face_set())))
    torch.testing.assert_close(trainer.reader.manly, wanted.manly)
    config = dataclasses.replace(CONFIG, batch_size=4, prior_share=1.0)
    (batch,) = batches(1, config)
    men = 3 * trainer.reader.manly.repeat(4, 1)
    drawn = torch.cat([trainer._generate(batch, men).codes for _ in range(40)]) @ trainer.reader.manly
    assert (drawn > 0).float().mean() > 0.8


def test_the_generator_learns_to_be_read_as_its_codes():
    config = dataclasses.replace(CONFIG, prior_share=1.0, identity_weight=1.0)
    trainer = Trainer(config, CPU)
    (batch,) = batches(1, config)
    own = trainer._read(batch)
    drawn = trainer._generate(batch, trainer.reader.code(own))
    trainer._identity(batch, drawn.image, drawn, own).backward()
    assert trainer.generator.head.weight.grad.abs().max() > 0


def test_faces_with_codes_of_their_own_are_not_read_again():
    config = dataclasses.replace(CONFIG, prior_share=0.0, identity_weight=1.0)
    assert Trainer(config, CPU).step(batches(1, config)[0])["identity"] == 0


@pytest.mark.parametrize(("samples", "share"), [(100, 0.01), (150, 0.5), (400, 1)])
def test_steps_rise_once_the_discriminator_has_settled(samples, share):
    config = dataclasses.replace(CONFIG, samples=9000, settle_samples=100, ramp_samples=100)
    trainer = Trainer(config, CPU)
    trainer.samples = samples
    trainer._set_rates()
    rates = [group["lr"] for group in trainer.generator_step.param_groups]
    assert rates[0] == pytest.approx(share * config.generator_rate, rel=0.05)
    assert rates[1] == pytest.approx(STYLE_PACE * rates[0])


def test_no_picture_is_asked_of_an_invented_person():
    config = dataclasses.replace(CONFIG, reshaped_share=1.0, isolated_share=1.0)
    report = Trainer(config, CPU).step(batches(1, config)[0])
    assert report["features"] == report["l1"] == 0


def test_the_average_lies_between_its_start_and_the_present_weights():
    trainer = Trainer(CONFIG, CPU)
    start = weights_of(trainer)
    trainer.step(batches(1)[0])
    after = weights_of(trainer)
    names = [f"{name}.stem.weight" for name in ("generator", "average")]
    moved, averaged = (after[name] - start[name] for name in names)
    share = (averaged / moved)[moved.abs() > 1e-5]
    torch.testing.assert_close(share, share.mean().expand_as(share), atol=1e-2, rtol=0)
    assert 0.2 < share.mean() < 1


def test_a_discriminator_s_weights_stay_while_the_generator_learns_from_it():
    trainer = Trainer(CONFIG, CPU)
    trainer.step(batches(1)[0])
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())
    assert not any(parameter.requires_grad for parameter in trainer.average.parameters())


def test_a_resumed_trainer_is_the_same_to_the_last_bit(tmp_path):
    first_batch, second_batch, third_batch = batches(3)
    trainer = Trainer(CONFIG, CPU)
    trainer.step(first_batch)
    save_checkpoint(trainer, tmp_path / CHECKPOINT_NAME)
    resumed = Trainer(dataclasses.replace(CONFIG, seed=9), CPU)
    resumed.restore(torch.load(tmp_path / CHECKPOINT_NAME, weights_only=True))
    for name in ("samples", "random", *NETWORKS, "generator_step", "discriminator_step"):
        require_equal(resumed.state()[name], trainer.state()[name])
    for batch in (second_batch, third_batch):
        assert resumed.step(batch) == trainer.step(batch)
    require_equal(weights_of(resumed), weights_of(trainer))
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT_NAME]


def test_the_same_seed_learns_the_same():
    results = []
    for _ in range(2):
        trainer = Trainer(CONFIG, CPU)
        results.append((trainer.step(batches(1)[0]), weights_of(trainer)))
    assert results[0][0] == results[1][0]
    require_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("field", ["image", "palette"])
def test_a_loss_that_is_no_number_raises(field):
    trainer = Trainer(CONFIG, CPU)
    (batch,) = batches(1)
    broken = batch._replace(**{field: torch.full_like(getattr(batch, field), float("nan"))})
    before = weights_of(trainer)["average.stem.weight"]
    with pytest.raises(FloatingPointError, match=r"after 0 samples"):
        trainer.step(broken)
    assert weights_of(trainer)["average.stem.weight"].equal(before)


@pytest.mark.parametrize(("samples", "share"), [(0, 1.0), (600, 1.0), (750, 0.55), (900, 0.1), (900_000, 0.1)])
def test_steps_get_smaller_over_the_last_third(samples, share):
    trainer = Trainer(dataclasses.replace(CONFIG, samples=900, final_rate_share=0.1), CPU)
    trainer.samples = samples
    trainer._set_rates()
    assert trainer.generator_step.param_groups[0]["lr"] == pytest.approx(share * CONFIG.generator_rate)
    assert trainer.discriminator_step.param_groups[0]["lr"] == pytest.approx(share * CONFIG.discriminator_rate)


def test_a_run_writes_checkpoint_log_and_sheets_and_goes_on_where_it_stopped(tmp_path):
    run = tmp_path / "run"
    train(dataclasses.replace(CONFIG, samples=4), face_set(), run, device=CPU, schedule=OFTEN)
    assert torch.load(run / CHECKPOINT_NAME, weights_only=True)["samples"] == 4
    half_way = torch.load(run / CHECKPOINT_NAME, weights_only=True)["average"]
    trainer = train(CONFIG, face_set(), run, device=CPU, schedule=OFTEN)
    assert trainer.samples == 8
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [row["samples"] for row in rows] == [2, 4, 6, 8]
    assert ["told_apart" in row for row in rows] == [False, False, False, True]
    assert sorted(path.name for path in run.glob("sheet*")) == ["sheet-0000004.png", "sheet-0000008.png"]
    assert not trainer.average.state_dict()["stem.weight"].equal(half_way["stem.weight"])
    assert not list(run.glob("*.partial"))


@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")
@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_a_killed_run_ends_as_if_it_had_never_been_stopped(tmp_path, workers):
    config = dataclasses.replace(CONFIG, samples=6, workers=workers)
    whole = train(config, face_set(), tmp_path / "whole", device=CPU)
    train(dataclasses.replace(config, samples=2), face_set(), tmp_path / "killed", device=CPU)
    resumed = train(config, face_set(), tmp_path / "killed", device=CPU)
    require_equal(weights_of(resumed), weights_of(whole))


def test_looking_at_the_faces_does_not_change_the_run(tmp_path):
    config = dataclasses.replace(CONFIG, samples=4)
    seldom, often = Schedule(), dataclasses.replace(OFTEN, measure_samples=2, sheet_samples=2)
    runs = [
        train(config, face_set(), tmp_path / name, device=CPU, schedule=s) for name, s in (("a", seldom), ("b", often))
    ]
    require_equal(weights_of(runs[0]), weights_of(runs[1]))


def test_a_run_with_a_limit_learns_from_retouched_faces(tmp_path):
    config = dataclasses.replace(CONFIG, samples=2)
    limited = dataclasses.replace(config, retouch_limit=0.001)
    by_itself = train(limited, face_set(), tmp_path / "a", device=CPU)
    before = train(config, retouched(face_set(), limit=0.001), tmp_path / "b", device=CPU)
    require_equal(weights_of(by_itself), weights_of(before))
    with pytest.raises(AssertionError):
        require_equal(weights_of(by_itself), weights_of(train(config, face_set(), tmp_path / "c", device=CPU)))


def test_a_run_of_other_widths_is_not_taken_up(tmp_path):
    train(dataclasses.replace(CONFIG, samples=2), face_set(), tmp_path, device=CPU)
    with pytest.raises(InputError, match="another preset, or of other widths"):
        train(dataclasses.replace(CONFIG, channels=(16, 48)), face_set(), tmp_path, device=CPU)


def test_a_run_does_not_grow_from_one_that_has_seen_as_much_or_that_is_not_there(tmp_path):
    train(dataclasses.replace(CONFIG, samples=2), face_set(), tmp_path / "small", device=CPU)
    with pytest.raises(InputError, match="has seen 2 faces, and this run ends at 2"):
        train(
            dataclasses.replace(CONFIG, samples=2),
            face_set(),
            tmp_path / "large",
            device=CPU,
            smaller_run=tmp_path / "small",
        )
    with pytest.raises(InputError, match=r"nothing.checkpoint\.pt: not found"):
        train(CONFIG, face_set(), tmp_path / "large", device=CPU, smaller_run=tmp_path / "nothing")


def test_a_run_that_is_out_of_time_stops_with_a_checkpoint(tmp_path):
    schedule = dataclasses.replace(OFTEN, limit_seconds=0)
    assert train(CONFIG, face_set(), tmp_path, device=CPU, schedule=schedule).samples == 2
    assert torch.load(tmp_path / CHECKPOINT_NAME, weights_only=True)["samples"] == 2


def test_a_grown_trainer_goes_on_from_what_the_smaller_one_knew():
    small = Trainer(dataclasses.replace(CONFIG, size_px=64), CPU)
    small.samples = 70
    grown = Trainer(dataclasses.replace(CONFIG, size_px=128, detail_channels=16, seed=5), CPU)
    grown.grow_from(small.state())
    known = weights_of(small)
    for key, value in weights_of(grown).items():
        assert "detail" in key or "scales.128" in key or value.equal(known[key])
    assert grown.samples == grown.begun_at == 70


def test_a_trainer_does_not_grow_from_a_run_of_other_widths():
    small = Trainer(dataclasses.replace(CONFIG, channels=(32, 32)), CPU)
    with pytest.raises(ValueError, match="generator has no stem"):
        Trainer(CONFIG, CPU).grow_from(small.state())


def test_two_partners_meet_in_the_middle_and_count_each_other_s_samples(tmp_path):
    first, second = Trainer(CONFIG, CPU), Trainer(dataclasses.replace(CONFIG, seed=5), CPU)
    apart = [weights_of(trainer)["generator.stem.weight"] for trainer in (first, second)]
    leader = Exchange(tmp_path, own="leader", partner="follower", interval_s=0)
    follower = Exchange(tmp_path, own="follower", partner="leader", interval_s=0)
    leader(first, 30)  # nobody there yet
    torch.testing.assert_close(weights_of(first)["generator.stem.weight"], apart[0])
    follower(second, 10)
    middle = 0.75 * apart[0] + 0.25 * apart[1]
    torch.testing.assert_close(weights_of(second)["generator.stem.weight"], middle)
    assert (first.samples, second.samples) == (0, 30)
    leader(first, 0)
    assert first.samples == 10


def test_the_average_forgets_by_the_samples_of_both_partners(tmp_path):
    config = dataclasses.replace(CONFIG, ema_half_life=40)
    first, second = Trainer(config, CPU), Trainer(dataclasses.replace(config, seed=5), CPU)
    first.samples = second.samples = 1000
    before = first.average.stem.weight.clone()
    leader = Exchange(tmp_path, own="leader", partner="follower", interval_s=0)
    follower = Exchange(tmp_path, own="follower", partner="leader", interval_s=0)
    follower(second, 80)
    leader(first, 0)  # all that is new is the partner's: two half lives
    assert first.samples == 1080
    torch.testing.assert_close(first.average.stem.weight, 0.25 * before + 0.75 * first.generator.stem.weight)
    waiting = Trainer(dataclasses.replace(config, settle_samples=100), CPU)
    kept = waiting.average.stem.weight.clone()
    waiting.average.stem.weight.add_(1)
    waiting.average_weights(80)
    torch.testing.assert_close(waiting.average.stem.weight, kept + 1)
