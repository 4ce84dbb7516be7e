"""The rules by which kubectl wait, Flux and Argo CD read a status; true for every status that anybody may see."""


def conditions(manifest):
    """{type: condition}"""
    return {one["type"]: one for one in manifest.get("status", {}).get("conditions", [])}


def is_ready(manifest):
    """False for None, which is no object at all."""
    return manifest is not None and conditions(manifest).get("Ready", {}).get("status") == "True"


def broken_rules(manifest):
    """What is wrong with the status of this ApiClient or registry; empty when nothing is."""
    status, found = manifest.get("status", {}), conditions(manifest)
    value = {name: condition["status"] for name, condition in found.items()}
    observed, generation = status.get("observedGeneration", -1), manifest["metadata"]["generation"]
    problems = []
    if value.get("Ready") == "True" and value.get("Stalled") == "True":
        problems.append("Ready and Stalled are both True")
    if value.get("Reconciling") == "True" and value.get("Stalled") == "True":
        problems.append("Reconciling and Stalled are both True")
    if value.get("Ready") == "Unknown" and value.get("Reconciling") != "True":
        problems.append("Ready is Unknown without Reconciling")
    if observed > 0 and "Ready" not in found:
        problems.append("observedGeneration is set without a Ready condition")
    if observed > generation:
        problems.append(f"observedGeneration {observed} is ahead of generation {generation}")
    for name in ("Reconciling", "Stalled"):
        if value.get(name) == "False":
            problems.append(f"{name} is present although it is not True")
    for name, condition in found.items():
        if not condition.get("reason") or not condition.get("message"):
            problems.append(f"{name} lacks a reason or a message")
        if condition.get("observedGeneration", 0) > generation:
            problems.append(f"{name} is ahead of the generation")
    if "phase" in status:
        problems.append("there is a phase")
    return problems
