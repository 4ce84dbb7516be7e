"""What the operator's probe finds out about a registry: docs/registries.md shows it (tools/capability-table)."""


def test_the_probe_tells_what_the_registry_can(world, peer, seen_capabilities):
    status = world.wait_registry("Reachable")["status"]
    can = status["capabilities"]
    assert (can["clientIdChosenBy"] == "Registry") == peer.picks_ids
    assert can["searchableMark"] == peer.searchable
    assert can["disable"] == peer.can_disable
    assert (can["maxSecrets"] > 1) == (peer.strategy == "Overlap")
    client = world.create_ready("one")
    seen_capabilities.update(can, strategy=client["status"]["rotation"]["strategy"],
                             serverVersion=status.get("serverVersion", ""))
