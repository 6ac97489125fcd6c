"""Names of stages, from a catalog."""

from sdqviz.base.stage_names import StageNames


def test_what_ships_is_named_and_the_training_can_be_finished():
    names = StageNames.shipped()
    assert names.label("calibrate") == "calibrating activation ranges"
    assert names.label("") == "starting"
    assert names.label("another") == "another"
    assert names.can_finish_early == {"distill", "reconstruct"}
    corrections = {"correct_stepwise", "correct_correlated"}
    assert names.learned == {"distill", "reconstruct", "pack", "evaluate", *corrections}
