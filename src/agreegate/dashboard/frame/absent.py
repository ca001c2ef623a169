"""Pages about confirmations where there are none to make say so, instead of failing (R1, R31)."""

from litestar import Response

from agreegate.dashboard.frame.guard import actor_of
from agreegate.dashboard.frame.page import DashboardRequest, page
from agreegate.deployment.deployment import deployment_of


def absent(request: DashboardRequest, title: str) -> Response[str] | None:
    """The page that says why there is nothing to confirm for the reader; None where there is.

    Args:
        title: the catalogue key of the heading.
    """
    programme, now = deployment_of(request).programme, deployment_of(request).store.clock()
    national = actor_of(request).partner.cloud in programme.unsupported_clouds
    if not national and programme.exists(now):
        return None
    return page(request, "absent.html", title=title, why="cloud" if national else "not-yet")
