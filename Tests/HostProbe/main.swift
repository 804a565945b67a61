import ScriptRuntime

let interpreter = try Interpreter()
print(try interpreter.eval("1 + 2", as: Int.self))
try interpreter.register("triple", ["n"], "Three times.") { (n: Int) in n * 3 }
print(try interpreter.eval("triple(n=14)", as: Int.self))
print(try interpreter.eval("[*__import__('sys').path, __import__('sys').executable, triple.__doc__, str(__import__('inspect').signature(triple))]", as: [String].self))
print(try interpreter.eval("__import__('timeit').timeit(lambda: eval('1 + 1'), number=100000)*10", as: Double.self), "us python eval")
print(try interpreter.eval("__import__('timeit').timeit(lambda: compile('1 + 1', 'x', 'eval'), number=100000)*10", as: Double.self), "us python compile")
let ok: Bool = try interpreter.run("import uos\nx = 4\nif x > 3:\n    return 'usr' in uos.listdir('/')\n")
print(ok)
do { try interpreter.run("def f():\n    1 / 0\nf()\n", name: "job.py") } catch { print(error.traceback, error.kind) }
do { try interpreter.run("triple('x')", name: "job.py") } catch { print(error.traceback, error.kind) }
do { try interpreter.run("import time\ntime.sleep(10)", name: "job.py", deadline: .milliseconds(200)) } catch { print(error.traceback, error.kind) }
do { try interpreter.run("while True:\n  try:\n    while True: pass\n  except BaseException: pass", name: "job.py", deadline: .milliseconds(200)) } catch { print(error.traceback, error.kind) }
do { try interpreter.run("raise SystemExit(7)") } catch { print(error.kind, error.exitCode as Any) }
do { try interpreter.run("if x:") } catch { print(error.kind, error.isIncomplete, error) }
do { try interpreter.run("if x") } catch { print(error.kind, error.isIncomplete, error) }
let clock = ContinuousClock()
let n = 200_000
print("eval", clock.measure { for _ in 0..<n { let _: Int? = try? interpreter.eval("1 + 1") } } / n)
print("call", clock.measure { for _ in 0..<n { let _: Int? = try? interpreter.call("triple", 4) } } / n)
try interpreter.run("""
import time
def bench(f, *a):
    r = range(1000000)
    t = time.perf_counter()
    for _ in r: f(*a)
    t1 = time.perf_counter()
    for _ in r: pass
    return ((t1 - t) - (time.perf_counter() - t1)) * 1000
def bench1(f):
    r = range(1000000)
    t = time.perf_counter()
    for _ in r: f(3)
    t1 = time.perf_counter()
    for _ in r: pass
    return ((t1 - t) - (time.perf_counter() - t1)) * 1000
""")
try interpreter.register("two") { (n: Int, s: String) in n + s.utf8.count }
try interpreter.register("nothing") { () in }
print(try interpreter.eval("[bench1(triple), bench1(abs), bench1(lambda x: x*3), bench(nothing), bench(two, 4, 'abc')]", as: [Double].self), "ns")
try interpreter.close()
