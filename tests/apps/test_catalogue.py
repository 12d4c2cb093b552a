"""One name for each component, everywhere."""

import pytest

from fairwatch.apps.catalogue import components, find
from fairwatch.domain.errors import ConfigurationError
from fairwatch.parts import of_kind, spec_of
from fairwatch.wire.topics import topics


@pytest.mark.parametrize("name", of_kind("processor"))
def test_processor_file_class_and_topics_agree(name):
    spec = spec_of(name)
    assert spec.name == name
    assert components()[name].kind == "processor"
    for topic in (*spec.reads, *spec.references):
        assert name in topics()[topic].consumers, topic
    for topic in spec.writes:
        assert name in topics()[topic].producers, topic


def test_a_misspelt_component_is_answered_with_the_nearest_name():
    with pytest.raises(ConfigurationError, match="did you mean normalize"):
        find("normalise")


def test_processors_in_the_order_of_the_flow_run_as_a_chain():
    assert find("match+route").kind == "processor"


@pytest.mark.parametrize("name", ["route+match", "match+match", "match+http", "match+", "match+rout"])
def test_what_is_no_chain_is_said_to_be_none(name):
    with pytest.raises(ConfigurationError):
        find(name)
