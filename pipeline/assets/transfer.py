"""HTTP with servers that are slow, endless or ill-formed: what they send is bounded."""

import threading
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin

import requests
from urllib3.exceptions import HTTPError

CHUNK = 1 << 16
MOST_REDIRECTS = 10


@dataclass(frozen=True)
class Transfer:
    """How downloads are made.

    Attributes
    ----------
    workers : int
        Downloads at a time.
    attempts : int
        Per file, the first included.
    backoff : float
        Half the seconds before the third attempt; doubled before each further one. The second
        follows the first at once.
    connect_timeout, read_timeout : float
        Seconds to wait for a connection, and for an answer or the next bytes of one.
    least_rate : float
        Bytes per second, averaged over `read_timeout`, below which a download counts as stalled.
    """

    workers: int = 8
    attempts: int = 4
    backoff: float = 0.5
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    least_rate: float = 1000.0


class BrokenOffError(Exception):
    """A server stopped sending, or sends too slowly."""


class IllFormedError(Exception):
    """What a server sends makes no sense."""


class Session(requests.Session):
    """A session that leaves redirections to `ask`.

    Requests reads the body of a redirection, which might not end, even where it does not follow.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none."""


def ask(
    session: Session, url: str, headers: Mapping[str, str], transfer: Transfer
) -> requests.Response:
    """Ask for a file and follow redirections.

    Parameters
    ----------
    session : Session
        May be shared by threads.
    url : str
        http or https.
    headers : mapping
        To send.
    transfer : Transfer
        Limits of time.

    Returns
    -------
    Response
        Its body is not read yet, see `body`.

    Raises
    ------
    requests.ConnectionError
        When no connection can be made, or it breaks off.
    BrokenOffError
        When the head of the answer is not there in time.
    IllFormedError
        For redirections without an end, or to what is no URL.
    """
    timeouts = (transfer.connect_timeout, transfer.read_timeout)
    for _ in range(MOST_REDIRECTS + 1):

        def get(url: str = url) -> requests.Response:
            return session.get(url, headers=headers, stream=True, timeout=timeouts)

        try:
            response = _in_time(get, sum(timeouts))
            target = requests.Session.get_redirect_target(session, response)
            if target is None:
                return response
            response.close()
            url = urljoin(url, target)
        except requests.ConnectionError:
            raise
        except (requests.Timeout, TimeoutError) as error:
            raise BrokenOffError(f"no answer within {transfer.read_timeout:g} s") from error
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise IllFormedError(str(error)) from error
    raise IllFormedError(f"more than {MOST_REDIRECTS} redirections")


def _in_time(call: Callable[[], requests.Response], seconds: float) -> requests.Response:
    """Wait for an answer, but no longer; the thread that asks is then left to itself.

    A timeout of the socket does not suffice: each byte of the response header restarts it.
    """
    answer: Future[requests.Response] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer.result(seconds)


def body(response: requests.Response, transfer: Transfer) -> Generator[bytes, None, None]:
    """Yield the body of a response in pieces, as they come.

    Raises
    ------
    BrokenOffError
        When it ends early, or comes more slowly than `transfer.least_rate`.
    """
    received = 0
    over, slow = threading.Event(), threading.Event()

    def watch() -> None:
        seen = 0
        while not over.wait(transfer.read_timeout):
            if received - seen < transfer.least_rate * transfer.read_timeout:
                slow.set()
                with suppress(Exception):  # it may have ended by itself just now
                    response.raw.shutdown()
                return
            seen = received

    threading.Thread(target=watch, daemon=True).start()
    try:
        while piece := response.raw.read1(CHUNK, decode_content=True):
            if slow.is_set():
                break
            received += len(piece)
            yield piece
    except (HTTPError, OSError, ValueError) as error:
        if not slow.is_set():
            raise BrokenOffError("broke off") from error
    finally:
        over.set()
    if slow.is_set():
        raise BrokenOffError(
            f"sends less than {transfer.least_rate:g} bytes per second and broke off"
        )
