"""A new event stream must be counted everywhere: how far data reach, which devices were seen, where partitions lie."""

import pytest

from loaders import contracts
from tests.project.conftest import Project

EVERYWHERE = ("int_data_horizon", "int_device_events", "int_dataset_days", "partitions_are_the_dates_of_their_events")


@pytest.mark.parametrize("name", EVERYWHERE)
def test_no_stream_is_forgotten(project: Project, name: str) -> None:
    streams = {dataset.name for dataset in contracts.read().values() if dataset.format == "event_stream"}
    nodes = project.manifest.nodes
    reader = next(node for node in nodes.values() if node.name == name)
    staged = [nodes[parent] for parent in reader.depends_on.nodes]
    read = {parent.split(".")[-1] for model in staged for parent in model.depends_on.nodes if ".events." in parent}
    assert read == streams
