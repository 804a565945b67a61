"""`checkNet` and the stubs `dataCall net sim modem misc`: the values that scripts expect."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from conftest import FTPY, run_script

VERSION = FTPY.run("-V").stdout.split()[1] if FTPY.program.exists() else ""


def evaluate(expression: str, cwd: Path) -> Any:
    """The value of an expression on one of these modules in ftpy."""
    module = expression.split(".")[0].lstrip("(")
    code = f"import {module}; print(repr({expression}))"
    return ast.literal_eval(FTPY.run("-c", code, cwd=cwd).stdout)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dataCall.getInfo(1, 0)", (1, 0, [1, 0, *["127.0.0.1"] * 3])),
        ("dataCall.getInfo(3, 1)", (3, 1, [1, 0, *["::1"] * 3])),
        ("dataCall.getInfo(1, 2)", (1, 2, [1, 0, *["127.0.0.1"] * 3], [1, 0, *["::1"] * 3])),
        ("dataCall.getInfo(0, 0)", -1),
        ("dataCall.getInfo(9, 0)", -1),
        ("dataCall.getInfo(1, 3)", -1),
        ("dataCall.getPDPContext(1)", (2, "", "", "", 0)),
        ("dataCall.setAutoConnect(1, True)", 0),
        ("dataCall.setCallback(print)", 0),
        ("dataCall.start(1, 0, '', '', '', 0)", 0),
        ("dataCall.activate(1)", 0),
        ("net.getState()", ([1, 1, 1, 7, 0, 0], [1, 1, 1, 7, 0, 0])),
        ("net.getState()[1][0]", 1),
        ("net.csqQueryPoll()", 25),
        ("net.getModemFun()", 1),
        ("net.setModemFun(1)", 0),
        ("net.getConfig()", (5, False)),
        ("net.getNetMode()", (0, "001", "01", 7)),
        ("net.operatorName()", ("ftpy", "ftpy", "001", "01")),
        ("net.getSignal()", ([99, 99, 255, 255], [-65, -95, -10, 15])),
        ("net.getSignal(1)", ([99, 99, 255, 255], [-65, -95, -10, 15, 20])),
        ("net.getCellInfo()", ([], [], [(0, 1, 1, 1, 0, 1, 0, -95, -10, 20)])),
        ("net.getServingCi()", 1),
        ("net.setApn('cmnet', 0)", 0),
        ("sim.getStatus()", 1),
        ("sim.getImsi()", "001010000000001"),
        ("sim.getIccid()", "89000000000000000000"),
        ("sim.getPhoneNumber()", ""),
        ("sim.readPhonebook(9, 1, 4, '')", (0, [])),
        ("sim.enablePin('1234')", -1),
        ("sim.writePhonebook(9, 1, 'a', '1')", -1),
        ("sim.setCallback(print)", 0),
        ("modem.getDevImei()", "000000000000000"),
        ("modem.getDevModel()", "ftpy"),
        ("modem.getDevSN()", "000000000000000"),
        ("modem.getDevFwVersion()", f"ftpy {VERSION}"),
        ("modem.getDevMAC()", -1),
        ("misc.Power.powerOnReason()", 1),
        ("misc.Power.powerDownReason()", 1),
        ("misc.Power.getVbatt()", 3800),
        ("checkNet.waitNetworkReady()", (3, 1)),
        ("checkNet.waitNetworkReady(3600)", (3, 1)),
        ("checkNet.wait_network_connected(1)", (3, 1)),
        ("checkNet.CheckNetwork('p', 'v').wait_network_connected(30)", (3, 1)),
        ("checkNet.CheckNetwork('p', 'v').check_datacall_status()", 1),
        ("checkNet.CheckNetwork.check_datacall_status()", 1),
    ],
)
def test_values(expression: str, value: object, tmp_path: Path) -> None:
    assert evaluate(expression, tmp_path) == value


def test_the_networks_time_is_the_hosts(tmp_path: Path) -> None:
    source = """
import net, time
text, seconds, leap = net.nitzTime()
assert 0 <= time.time() - seconds < 10 and leap == 0
print(time.strftime('%y/%m/%d,%H:%M:%S 0', time.gmtime(seconds)) == text)
"""
    assert run_script(source, tmp_path).stdout == "True\n"


@pytest.mark.parametrize("timeout", [0, -1, 3601])
@pytest.mark.parametrize(
    "call",
    [
        "checkNet.waitNetworkReady",
        "checkNet.wait_network_connected",
        "checkNet.CheckNetwork('p', 'v').wait_network_connected",
    ],
)
def test_a_timeout_out_of_range(call: str, timeout: int, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"import checkNet; {call}({timeout})", cwd=tmp_path, check=False)
    assert f"OSError: a timeout is from 1 to 3600 s, not {timeout}" in done.stderr


def test_the_banner(tmp_path: Path) -> None:
    source = """
import checkNet
checkNet.CheckNetwork('Project', '1.0.0').poweron_print_once()
"""
    done = run_script(source, tmp_path)
    assert done.stdout.splitlines() == [
        "=" * 50,
        "PROJECT_NAME     : Project",
        "PROJECT_VERSION  : 1.0.0",
        f"FIRMWARE_VERSION : ftpy {VERSION}",
        "POWERON_REASON   : 1",
        "SIM_CARD_STATUS  : 1",
        "=" * 50,
    ]
    assert done.stderr == ""


@pytest.mark.parametrize("call", ["powerDown", "powerRestart"])
def test_switching_off_ends_the_script(call: str, tmp_path: Path) -> None:
    source = f"from misc import Power\nPower.{call}()\nprint('goes on')"
    assert run_script(source, tmp_path).stdout == ""


SWITCHES = {
    "the main thread, with others at work": """
_thread.start_new_thread(work, ())
Power.powerRestart()
""",
    "another thread": """
_thread.start_new_thread(work, ())
_thread.start_new_thread(off, ())
try: utime.sleep(60)
finally: print("cleared away")
""",
    "another thread, when the script has ended": """
import atexit
atexit.register(print, "cleared away")
_thread.start_new_thread(off, ())
_thread.start_new_thread(work, ())
if "--root" not in sys.orig_argv: utime.sleep_ms(400)
""",
    "a script that catches everything": """
_thread.start_new_thread(off, ())
while True:
    try: utime.sleep(60)
    except BaseException: print("cleared away")
""",
}


@pytest.mark.parametrize("root", [[], ["--root", "."]], ids=["", "root"])
@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
def test_switching_off_ends_the_run(switch: str, root: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import _thread, sys, utime\nfrom misc import Power\n"
        "def work():\n    while True: utime.sleep_ms(20)\n"
        f"def off():\n    utime.sleep_ms(200)\n    Power.powerDown()\n{switch}"
    )
    done = FTPY.run(*root, "script.py", cwd=tmp_path)
    assert done.stdout == ("cleared away\n" if "cleared" in switch else "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("catches", [True, False])
def test_switching_off_waits_for_no_output(tmp_path: Path, catches: bool) -> None:
    source = f"""
import _thread, sys, utime
from misc import Power

class Stuck:
    def write(self, text): pass
    def flush(self): utime.sleep(1000)

def off():
    utime.sleep_ms(200)
    Power.powerDown()

sys.stdout = Stuck()
_thread.start_new_thread(off, ())
while True:
    try: utime.sleep(60)
    except {"BaseException" if catches else "OSError"}: pass
"""
    assert run_script(source, tmp_path).returncode == 0


@pytest.mark.parametrize("name", ["ADC", "PWM", "PowerKey", "USB", "USBNET"])
def test_the_hardware_in_misc(name: str, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"from misc import {name}", cwd=tmp_path, check=False)
    assert done.stderr.endswith(f"ImportError: misc.{name} runs only on the device\n")
    done = FTPY.run("-c", "from misc import nonsense", cwd=tmp_path, check=False)
    assert "cannot import name 'nonsense' from 'misc'" in done.stderr
