"""Every page, behind sessions and protected forms."""

from litestar import Router
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from agreegate.dashboard import activity, how_to_confirm, question, reference, start, tour
from agreegate.dashboard.agreements import agreement, publication, simulation, version
from agreegate.dashboard.customers import (
    confirmation,
    customer,
    customer_draft,
    customer_record,
    customer_search,
    employee,
    ending,
    explanation,
    no_longer_agrees,
    reconfirmation,
    relationship,
    standing,
    text,
)
from agreegate.dashboard.frame import clock, signin
from agreegate.dashboard.frame.form import LARGEST_FORM
from agreegate.dashboard.frame.guard import guard, refused
from agreegate.dashboard.frame.nothing_to_confirm import answer_nothing_to_confirm
from agreegate.dashboard.frame.session import form_cookie, session_middleware
from agreegate.dashboard.frame.static import COMPRESSED, static_files
from agreegate.dashboard.frame.upload import FormsWithFiles
from agreegate.dashboard.orders import decision, order, seats, subscription
from agreegate.dashboard.resellers import provider, reseller
from agreegate.deployment.deployment import Deployment

PAGES: tuple[HTTPRouteHandler, ...] = (
    start.show_start,
    relationship.show_request,
    reference.show_reference,
    *signin.ROUTES,
    *customer_draft.ROUTES,
    *customer.ROUTES,
    *customer_search.ROUTES,
    *confirmation.ROUTES,
    *text.ROUTES,
    *reconfirmation.ROUTES,
    *ending.ROUTES,
    *no_longer_agrees.ROUTES,
    *employee.ROUTES,
    *customer_record.ROUTES,
    *standing.ROUTES,
    *decision.ROUTES,
    *explanation.ROUTES,
    *subscription.ROUTES,
    *order.ROUTES,
    *seats.ROUTES,
    *reseller.ROUTES,
    *provider.ROUTES,
    *agreement.ROUTES,
    *simulation.ROUTES,
    *version.ROUTES,
    *publication.ROUTES,
    *how_to_confirm.ROUTES,
    *activity.ROUTES,
    *question.ROUTES,
    *tour.ROUTES,
    *clock.ROUTES,
)
"""Every page of the dashboard."""


def dashboard(deployment: Deployment) -> list[ControllerRouterHandler]:
    """Return the handlers of all pages and of the files that they load."""
    pages = Router(
        "/",
        route_handlers=PAGES,
        middleware=[
            COMPRESSED,
            session_middleware(deployment),
            DefineMiddleware(FormsWithFiles, keys=deployment.form_keys, cookie=form_cookie(deployment)),
        ],
        guards=[guard],
        before_request=answer_nothing_to_confirm,
        exception_handlers={Exception: refused},
        request_max_body_size=LARGEST_FORM,
        include_in_schema=False,
    )
    return [pages, *static_files()]
