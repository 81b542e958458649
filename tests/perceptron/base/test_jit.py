"""The disk cache follows every edit, compiled and plain Python agree bit for bit, and importing is cheap."""

import json
import shutil
from pathlib import Path

import perceptron
from perceptron.base.jit import source_hash

CALLER = """
import json
import perceptron
from perceptron.base.jit import cache_folder
from perceptron.kernels.special.quadrature import gaussian_lattice
_, weights = gaussian_lattice(0.5, 1.0)
stats = gaussian_lattice.stats
hits, misses = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
print(json.dumps([perceptron.__file__, weights.sum(), hits, misses, str(cache_folder())]))
"""

KERNELS = """
import numpy as np
from perceptron.kernels.special import gaussian, quadrature
from perceptron.kernels.typical import constraints, priors, replica_symmetric
numbers = []
for x in np.linspace(-9.0, 40.0, 99).tolist():
    numbers += [*gaussian.log_tail_and_ratio(x), gaussian.gaussian_tail(x), gaussian.gaussian_density(x)]
    numbers += [gaussian.log_2cosh(x), gaussian.mills_ratio(abs(x))]
for array in quadrature.graded_nodes(-1.0, 2.0, np.array([[0.3, 1e-3]]), 1.0) + quadrature.gaussian_lattice(0.5, 1.0):
    numbers += array.tolist()
step, weights = constraints.MarginStep(0.0), priors.BinaryWeights()
for mean in (-20.0, -0.3, 0.0, 0.4, 3.0):
    for constraint in (step, constraints.SymmetricWindow(0.7)):
        numbers += constraints.log_probability(constraint, mean, 0.3)
    numbers += priors.log_partition(weights, mean)
saddle = replica_symmetric.solve_saddle(weights, step, 0.5, 1.0, 1e-14)
numbers += [*saddle, *replica_symmetric.free_entropy(weights, step, 0.5, saddle, 1.0)]
print(" ".join(float(number).hex() for number in numbers))
"""

WIDE = """
import numpy as np
import perceptron.base.jit
from llvmlite.binding import get_host_cpu_features
from numba import njit

@njit
def double(values):
    for k in range(values.size):
        values[k] = values[k] * np.float32(2.0)

double(np.ones(64, np.float32))
print(any("zmm" in code for code in double.inspect_asm().values()), get_host_cpu_features().get("avx512f", False))
"""

HEAVY = """
import sys
before = set(sys.modules)
import perceptron
heavy = {"numba", "scipy", "matplotlib", "mpmath", "rich", "typer"}
print(sorted(heavy & {name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_the_cache_follows_an_edit_in_a_helper_kernel(run_python, tmp_path):
    package = tmp_path / "perceptron"
    shutil.copytree(Path(perceptron.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    cache = {"PERCEPTRON_WL_CACHE_DIR": str(tmp_path / "cache")}

    def outcome():
        file, total, hits, misses, folder = json.loads(run_python(CALLER, tmp_path, **cache))
        assert Path(file).parent == package
        assert Path(folder).parent == tmp_path / "cache"
        return total, hits, misses, folder

    first_total, hits, misses, first_folder = outcome()
    assert (hits, misses) == (0, 1)
    assert abs(first_total - 1.0) < 1e-15
    assert outcome() == (first_total, 1, 0, first_folder)

    helper = package / "kernels" / "special" / "gaussian.py"  # another file than the caller's
    source = helper.read_text()
    assert source.count("return INV_SQRT_2PI * math.exp") == 1
    helper.write_text(source.replace("return INV_SQRT_2PI * math.exp", "return 2.0 * INV_SQRT_2PI * math.exp"))
    total, hits, misses, folder = outcome()
    assert (hits, misses) == (0, 1)
    assert total == 2.0 * first_total
    assert folder != first_folder

    helper.write_text(source)  # and back: the first folder is still good
    assert outcome() == (first_total, 1, 0, first_folder)


def test_the_hash_sees_every_source_its_name_and_nothing_else(tmp_path):
    (tmp_path / "perceptron" / "kernels").mkdir(parents=True)
    module = tmp_path / "perceptron" / "kernels" / "a.py"
    module.write_text("x = 1\n")
    first = source_hash(tmp_path)
    (tmp_path / "perceptron" / "kernels" / "a.txt").write_text("notes")
    assert source_hash(tmp_path) == first
    module.write_text("x = 2\n")
    edited = source_hash(tmp_path)
    module.rename(tmp_path / "perceptron" / "kernels" / "b.py")
    renamed = source_hash(tmp_path)
    assert len({first, edited, renamed}) == 3


def test_compiled_and_plain_python_kernels_agree_bit_for_bit(run_python, tmp_path):
    compiled = run_python(KERNELS, tmp_path, NUMBA_DISABLE_JIT="0")
    plain = run_python(KERNELS, tmp_path, NUMBA_DISABLE_JIT="1")
    assert len(compiled.split()) > 1000
    assert compiled == plain


def test_kernels_use_the_widest_vectors_unless_numba_was_told_otherwise(run_python, tmp_path):
    wide, there = run_python(WIDE, tmp_path).split()
    assert wide == there
    told = run_python(WIDE, tmp_path, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert told.split()[0] == "False"


def test_importing_the_package_imports_nothing_heavy(run_python, tmp_path):
    assert run_python(HEAVY, tmp_path).strip() == "[]"
