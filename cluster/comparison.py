"""Comparison of every node with what was acknowledged."""

import asyncio

from client import Node

# Requests at once to each node.
AT_ONCE = 24
# Seconds for which a key is asked about again while a node answers that it cannot know.
PATIENCE = 60


def compare(cluster, good, ended):
    """Asks each node about every key, a pair of access key and secret key. Returns the faults."""
    return asyncio.run(compare_all(cluster.service.ports, list(good), list(ended)))


async def compare_all(ports, good, ended):
    wrong = []
    expected = [(*pair, 200, "is lost") for pair in good] + [(*pair, 401, "was expired or deleted") for pair in ended]
    for results in await asyncio.gather(*(of_node(port, expected) for port in ports)):
        wrong += results
    return wrong


async def of_node(port, expected):
    node, keys, wrong = Node(port), iter(expected), []

    async def client():
        for access_key, secret_key, status, what in keys:
            found = await verdict(node, access_key, secret_key)
            if found != status:
                wrong.append(f"{access_key} {what}, and answers {found or 'nothing'} at :{port}")

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    node.close()
    return wrong


async def verdict(node, access_key, secret_key):
    """The status, once the node knows it."""
    for _ in range(PATIENCE * 4):
        status = await node.verify(access_key, secret_key)
        if status not in (0, 503):
            break
        await asyncio.sleep(0.25)
    return status
