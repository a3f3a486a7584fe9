import asyncio
import contextlib

import pytest

from cloud_sync.uplink import BrokerUrl, _heeding_cancellation
from edge.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("mqtt://ioc", ("ioc", 1883, False, None, None)),
        ("mqtts://ioc.example.vn/", ("ioc.example.vn", 8883, True, None, None)),
        ("mqtt://u:p%40@[::1]:99", ("::1", 99, False, "u", "p@")),
    ],
)
def test_an_address_says_where_and_who(url, read):
    broker = BrokerUrl.parse(url)
    assert (broker.host, broker.port, broker.tls, broker.username, broker.password) == read


@pytest.mark.parametrize("url", ["", "ioc:1883", "http://ioc", "mqtt://", "mqtt://ioc:99999", "mqtt://ioc/x", "mqtt://ioc?x=1"])  # fmt: skip
def test_what_is_no_address_is_refused_with_a_pattern_to_follow(url):
    with pytest.raises(ConfigError, match="mqtt"):
        BrokerUrl.parse(url)


async def wait_for_the_broker(answer):
    with _heeding_cancellation():
        await asyncio.wait_for(answer, 10)


async def test_a_cancellation_that_comes_with_the_answer_is_not_forgotten():
    answer = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(wait_for_the_broker(answer))
        await asyncio.sleep(0)
        answer.set_result(None)
        task.cancel()
    assert task.cancelled()


async def test_an_older_cancellation_that_was_dealt_with_counts_no_more():
    answer = asyncio.get_running_loop().create_future()

    async def survives():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        await wait_for_the_broker(answer)
        return "went on"

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(survives())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        answer.set_result(None)
    assert task.result() == "went on"
