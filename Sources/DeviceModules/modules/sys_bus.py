"""The device's `sys_bus`: messages by topic from one part of a script to others.

Every callback runs in a thread of its own, `callback(topic, message)`. Unlike on the device, which
never ends, the program ends with the script: it waits for the callbacks that are running.
"""

from _collections_abc import Callable as _Callable
from _collections_abc import Hashable as _Hashable

__all__ = ["publish", "sub_table", "subscribe", "unsubscribe"]

_subscribers: "dict[_Hashable, list[_Callable[[_Hashable, object], object]]]" = {}


def __dir__() -> list[str]:
    return __all__


def subscribe(topic: "_Hashable", handler: "_Callable[[_Hashable, object], object]", /) -> None:
    """Calls `handler(topic, msg)` for each message of that topic from now on."""
    _subscribers.setdefault(topic, []).append(handler)


def publish(topic: "_Hashable", msg: object, /) -> None:
    """Starts a thread for each handler of the topic, and returns at once."""
    from threading import Thread

    for handler in list(_subscribers.get(topic, ())):
        Thread(target=handler, args=(topic, msg)).start()


def unsubscribe(
    topic: "_Hashable", cb: "_Callable[[_Hashable, object], object] | None" = None, /
) -> bool:
    """Ends one handler's subscription, or all of the topic's. False if there was none."""
    if cb is None:
        return _subscribers.pop(topic, None) is not None
    try:
        _subscribers[topic].remove(cb)
    except (KeyError, ValueError):
        return False
    return True


def sub_table(topic: "_Hashable | None" = None, /) -> object:
    """The list of a topic's handlers, KeyError without any; or a dict of all topics' lists."""
    if topic is not None:
        return list(_subscribers[topic])
    return {known: list(handlers) for known, handlers in _subscribers.items()}
