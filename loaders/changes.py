"""Change records of incremental exports: what became of one item.

    {"Metadata": {"WriteTimestampMicros": {"N": "1716000000000000"}}, "Keys": {"id": {"S": "u1"}},
     "NewImage": {…}, "OldImage": {…}}

NewImage is the item as it is then; without one it was deleted. OldImage is the item as it was; it is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loaders.contracts import Column, Dataset
from loaders.dynamodb import ItemShape
from loaders.judge import Invalid
from loaders.personal import Treatment

# The columns that the lake keeps of a change beside those of the item it leads to.
WRITTEN, DELETED = "_written_micros", "_is_deleted"
_METADATA, _KEYS, _NEW, _OLD = "Metadata", "Keys", "NewImage", "OldImage"
_WRITTEN = Column("WriteTimestampMicros", "written_micros", "integer", required=True, min=0)


def kept_as(dataset: Dataset) -> Dataset:
    """The shape that changes of a table are kept in: the item as it is then, or the key alone of one that is gone."""
    columns = tuple(replace(column, required=column.name in dataset.key) for column in dataset.columns)
    written = Column(WRITTEN, "written_micros", "integer", required=True)
    deleted = Column(DELETED, "is_deleted", "boolean", required=True)
    return replace(dataset, columns=(*columns, written, deleted))


class ChangeShape(ItemShape):
    """The shape of a table's change records. Its rows are those of `kept_as`."""

    def __init__(self, dataset: Dataset, treatment: Treatment) -> None:
        super().__init__(kept_as(dataset), treatment, wrapped=False)
        self.level = 2  # in Keys and the images
        self._images = ItemShape(dataset, treatment, wrapped=False)
        self._key = [column for column in dataset.declared if column.name in dataset.key]

    def item(self, item: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The values of `kept_as` that a change record comes to; raises Invalid."""
        if not item.keys() <= {_METADATA, _KEYS, _NEW, _OLD}:
            words = f"a change must hold {_METADATA}, {_KEYS}, {_NEW} and {_OLD} and nothing else"
            raise Invalid("not_typed", None, words)
        written = self._images.attribute(_WRITTEN, _object(item, _METADATA))
        if written is None:
            raise Invalid("missing", _WRITTEN.name, "when the item was written is absent or null")
        keys = self._keys(_object(item, _KEYS))
        if _OLD in item:
            _object(item, _OLD)
        values: dict[str, Any] = dict.fromkeys(column.name for column in self._images.dataset.declared)
        extra = None
        if _NEW in item:
            values, extra = self._images.item(_object(item, _NEW))
            for name, value in keys.items():
                if values[name] != value:
                    raise Invalid("key_differs", name, f"{_NEW} has another key than {_KEYS}")
        return values | keys | {WRITTEN: written, DELETED: _NEW not in item}, extra

    def _keys(self, found: Mapping[str, Any]) -> dict[str, Any]:
        if len(found) > len(self._key) and all(column.name in found for column in self._key):
            raise Invalid("not_typed", _KEYS, f"{_KEYS} holds more than the key")
        keys = {column.name: self._images.attribute(column, found) for column in self._key}
        for name, value in keys.items():
            if value is None:
                raise Invalid("missing", name, f"{_KEYS} lacks it, or has null there")
        return keys


def _object(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = record.get(name)
    if name not in record:
        raise Invalid("missing", name, "a change must have it")
    if not isinstance(found, dict):
        raise Invalid("not_typed", name, "it must be an object")
    return found
