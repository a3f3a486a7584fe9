"""Whether the gateway does its work. Pure."""

from edge.web.source import SiteView, StoreView


def complaints(site: SiteView, store: StoreView, now_ms: int) -> list[str]:
    """What is wrong with the gateway itself, in sentences; a silent device is no fault of its.

    A failed look is committed like any other, so that some commit is due with every period.
    """
    found = []
    if store.degraded:
        found.append(f"store: {store.degraded}")
    if site.devices:
        allowed_s = 3 * min(device.period_s for device in site.devices) + 10
        if store.last_commit_ms is None:
            found.append("store: nothing was committed yet")
        elif (age_s := (now_ms - store.last_commit_ms) / 1000) > allowed_s:
            found.append(
                f"store: the last commit was {age_s:.0f} s ago, more than the {allowed_s:.0f} s "
                "which the shortest period allows; look at the disk and at the log"
            )
    return found
