"""Bedrock takes no key: it is ready where a region is configured, and only there."""

from pathlib import Path

import pytest

from turnout import bootstrap
from turnout.catalog import Catalog, load
from turnout.config import BadConfig, Config
from turnout.core.models import Model
from turnout.providers.bedrock import AwsSignature
from turnout.routing.eligible import Demand, lack

AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def catalog(**settings: str) -> Catalog:
    return bootstrap.catalog(Config.from_env(AWS | settings))


def bedrock(models: Catalog) -> list[Model]:
    return [model for model in models.all() if model.vendor.name == "bedrock"]


def test_there_are_models_of_amazon_and_of_meta() -> None:
    makers = {model.upstream.split(".")[1] for model in bedrock(catalog())}
    assert makers == {"amazon", "meta"}


def test_credentials_of_aws_alone_do_not_make_it_ready() -> None:
    models = bedrock(catalog())
    assert not any(model.vendor.ready for model in models)
    assert lack(models[0], Demand(frozenset(), 1)) == "no AWS region for bedrock"


def test_a_region_makes_it_ready_without_a_key() -> None:
    models = bedrock(catalog(TURNOUT_BEDROCK_REGION="eu-west-1"))
    assert all(model.vendor.ready and not model.vendor.key for model in models)
    assert models[0].vendor.base_url == "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert lack(models[0], Demand(frozenset(), 1)) == ""


def test_another_url_may_be_given_for_it() -> None:
    models = catalog(TURNOUT_BEDROCK_REGION="eu-west-1", TURNOUT_BASE_URLS='{"bedrock": "http://127.0.0.1:9001"}')
    assert models.find("nova-pro").vendor.base_url == "http://127.0.0.1:9001"


@pytest.mark.parametrize(
    ("region", "upstream"),
    [
        ("us-east-1", "us.amazon.nova-pro-v1:0"),
        ("us-gov-west-1", "us-gov.amazon.nova-pro-v1:0"),
        ("eu-central-1", "eu.amazon.nova-pro-v1:0"),
        ("ap-northeast-1", "apac.amazon.nova-pro-v1:0"),
    ],
)
def test_an_inference_profile_is_the_one_of_the_geography(region: str, upstream: str) -> None:
    assert load({}, {}, None, region).find("nova-pro").upstream == upstream


@pytest.mark.parametrize("region", ["Ireland", "eu-west-1.evil.test/", "eu"])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(BadConfig, match="TURNOUT_BEDROCK_REGION"):
        Config.from_env({"TURNOUT_BEDROCK_REGION": region})


def test_requests_are_signed_for_the_region_that_is_configured() -> None:
    assert bootstrap.signatures(Config()) == {}
    signature = bootstrap.signatures(Config(bedrock_region="eu-west-1"))["aws"]
    assert isinstance(signature, AwsSignature)
    assert signature.region == "eu-west-1"


def test_the_role_of_a_deployment_may_ask_every_model_and_its_profile() -> None:
    template = (Path(__file__).parents[3] / "template.yaml").read_text()
    for model in bedrock(catalog()):
        name = model.upstream.partition(".")[2]
        assert f"::foundation-model/{name}\n" in template
        assert f":inference-profile/*.{name}\n" in template
