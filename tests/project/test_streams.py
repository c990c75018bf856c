"""A new event stream must be counted everywhere: how far data reach, which devices were seen, where partitions lie."""

import pytest

from loaders import contracts
from tests.project.conftest import Project

EVERYWHERE = ("int_device_events", "int_dataset_days", "partitions_are_the_dates_of_their_events")


@pytest.mark.parametrize("name", EVERYWHERE)
def test_no_stream_is_forgotten(project: Project, name: str) -> None:
    streams = {dataset.name for dataset in contracts.read().values() if dataset.format == "event_stream"}
    nodes = project.manifest.nodes
    reader = next(node for node in nodes.values() if node.name == name)
    staged = [nodes[parent] for parent in reader.depends_on.nodes]
    read = {parent.split(".")[-1] for model in staged for parent in model.depends_on.nodes if ".events." in parent}
    assert read == streams


def test_the_horizon_is_that_of_event_streams_alone(project: Project) -> None:
    datasets = contracts.read().values()
    horizon = next(node for node in project.manifest.nodes.values() if node.name == "int_data_horizon")
    named = {dataset.name for dataset in datasets if f"'{dataset.name}'" in horizon.raw_code}
    assert named == {dataset.name for dataset in datasets if dataset.format == "event_stream"}
