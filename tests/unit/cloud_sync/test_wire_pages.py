"""The pages that integrators read agree with what is sent."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import cloud_sync
from cloud_sync import topics
from edge.model.message import Lane

SCHEMAS = Path(cloud_sync.__file__).parent / "schema"
PAGES = Path(cloud_sync.__file__).parents[1] / "docs" / "reference"
TOPICS = [*(topics.lane("g", lane) for lane in Lane), topics.live("g"), topics.site("g"), topics.watermark("g")]  # fmt: skip


def validator(name):
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


def test_asyncapi_names_every_topic_and_existing_schemas():
    page = yaml.safe_load((PAGES / "asyncapi.yaml").read_text())
    assert {c["address"] for c in page["channels"].values()} == {
        t.replace("/g/", "/{gateway}/") for t in TOPICS
    }
    assert {op["channel"]["$ref"].split("/")[-1] for op in page["operations"].values()} == set(
        page["channels"]
    )
    for message in page["components"]["messages"].values():
        assert (PAGES / message["payload"]["$ref"]).resolve().is_file()
    for path in SCHEMAS.glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))


HEAD = {"v": 1, "gateway": "g", "epoch": "e", "seq": 1, "at": 1}


@pytest.mark.parametrize("section", ["interval", "raw", "event and audit"])
def test_examples_of_bodies_follow_their_schema(section):
    text = (PAGES / "wire.md").read_text()
    body = json.loads(re.search(rf"### {section}\n\n```json\n(.*?)```", text, re.DOTALL)[1])
    lane = section.split()[0]
    validator(lane).validate(HEAD | {"lane": lane, "body": body})


def test_the_watermark_of_the_page_follows_its_schema_and_the_table_has_every_topic():
    text = (PAGES / "wire.md").read_text()
    example = re.search(r"## The watermark\n\n```json\n(.*?)```", text, re.DOTALL)[1]
    validator("watermark").validate(json.loads(example))
    for topic in TOPICS:
        assert f"`{topic.replace('/g/', '/<gateway>/')}`" in text
