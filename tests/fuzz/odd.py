"""Odd values, and small valid calls in which one or two of them are put."""

from __future__ import annotations

import numpy as np

ODD_TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "-0",
        "1",
        "0.5",
        "-0.3",
        "7",
        "100",
        "-40",
        "1e5",
        "1e9",
        "1e30",
        "1e308",
        "-1e308",
        "1e999",
    ),
    *("1e-308", "1e-400", "nan", "inf", "-inf", "2147483648", "-2147483649", "9" * 25, "1_0", "0x10", "٣", "½", "1,2"),
    *("foo", "None", "True", "max", "all", ",", "1,,2", "1:2:3", "a=1:2:0.1", "--", "-", "é", "[red]x[/red]", "a\tb"),
    *("x" * 300, "../x.json", "x.json", "x.npz", "x.png", "/", ".", "/dev/null", "no/such/folder/x.npz", "table.csv"),
    *("table.csv/x.json", "instance.npz", "run", "run/landscape.nc", "fifo", "ascii.npz", "x" * 300 + ".npz"),
)

# every command in a call that ends at once; `{name}` is a file made by the test
COMMANDS: dict[str, dict[str, dict[str, str | None]]] = {
    "perceptron": {
        "thresholds": {"--digits": "8"},
        "entropy": {"--alpha": "0.5"},
        "capacity": {"--margin": "0.1"},
        "phases": {"--alpha": "0.5"},
        "local-entropy": {"--alpha": "0.5", "--reference-margin": "max", "--distance": "0.1,0.2"},
        "figure": {"": "W2", "--output": "pictures"},
        "solve": {"--n": "51", "--alpha": "0.3"},
        "bp": {"--n": "51", "--alpha": "0.3"},
        "enumerate": {"--n": "11", "--alpha": "0.5"},
        "study": {
            **{"--output": "study", "--solvers": "sbpi", "--sizes": "21", "--loads": "0.2", "--instances": "1"},
            "--max-seconds": "0.2",
        },
        "models": {},
    },
    "wl": {
        "run": {"": "perceptron", "--n": "11", "--n-patterns": "5", "--steps": "1e4", "--output": "new"},
        "resume": {"": "run"},
        "extend": {"": "run", "--steps": "1e3"},
        "status": {"": "run"},
        "plot": {"": "run", "--output": "p.png"},
        "merge": {"": "run", "--output": "merged.nc"},
        "train": {
            **{"": "spiral", "--hidden": "3", "--runs": "2", "--epochs": "3"},
            "--output": "trained.npz",
        },
        "relax": {"": "networks", "--temperature": "0.5", "--steps": "100", "--records": "4", "--starts": "2"},
    },
}
MORE_RUNS = (
    {"": "ising", "--size": "4", "--steps": "1e4", "--output": "new"},
    {"": "spiral", "--hidden": "3", "--steps": "1e4", "--output": "new"},
    {"": "table.csv", "--target": "target", "--hidden": "2", "--steps": "1e3", "--output": "new", "--sampler": "hmc"},
)

ODD_VALUES = (
    *(None, True, "foo", "", "0.5", "max", b"x", int, object(), [], {}, (), lambda: 1, print),
    *(0, -1, 1, 7, 0.5, -0.3, 1e30, 10**30, 1e308, -1e308, 1e-308, float("nan"), float("inf"), -float("inf"), 1j),
    *(np.float64(0.5), np.int64(3), np.array([1, 2]), np.zeros((2, 2)), np.array(0.5), np.array(["a"]), [0.5, "x"]),
    *(np.nan * np.ones(3), np.ones(3, dtype=complex), np.bool_(True), [1, [2, 3]]),
)

# module, function, valid arguments by name as Python expressions
STEP, PATTERNS, RNG = "p.MarginStep", "random_patterns(11, 5, rng=RNG)", "RNG"
AT_LOAD = {"load": "0.5", "margin": "0.0"}
FUNCTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("perceptron", "gaussian_average", {"function": "lambda x: x * x", "features": "((0.0, 1.0),)"}),
    ("perceptron", "typical_solutions", {"load": "0.5", "constraint": "0.0", "prior": "p.BinaryWeights()"}),
    ("perceptron", "capacity", {"constraint": "0.0", "prior": "p.BinaryWeights()"}),
    ("perceptron", "maximum_margin", {"load": "0.5", "step": STEP}),
    ("perceptron", "kappa_min", AT_LOAD | {"step": STEP}),
    ("perceptron", "kappa_u", AT_LOAD | {"step": STEP}),
    ("perceptron", "dense_core_load", {"margin": "0.0", "step": STEP}),
    ("perceptron", "isolation_load", {"margin": "0.0", "step": STEP}),
    ("perceptron", "d_star", AT_LOAD | {"reference_margin": "0.3", "step": STEP}),
    ("perceptron", "counted_margin_threshold", {"load": "0.5", "reference_margin": "0.3", "step": STEP}),
    ("perceptron", "phases", AT_LOAD | {"reference_margin": "0.3", "step": STEP}),
    ("perceptron", "negative_interval", {"branch": "p.franz_parisi_branch(0.5, 0.2)"}),
    ("perceptron", "unstable_interval", {"branch": "p.franz_parisi_branch(0.5, 0.2)"}),
    ("perceptron", "franz_parisi_branch", AT_LOAD | {"reference_margin": "0.3", "step": STEP}),
    (
        "perceptron",
        "local_entropy_profile",
        AT_LOAD | {"reference_margin": "0.3", "distances": "[0.1, 0.2]", "step": STEP},
    ),
    ("perceptron", "phase_diagram", {"loads": "[0.5]", "margin": "0.0"}),
    ("perceptron", "coupled_solutions", AT_LOAD | {"distance": "0.1", "n_replicas": "3.0"}),
    ("perceptron", "coupled_profile", AT_LOAD | {"distances": "[0.1]", "n_replicas": "3.0"}),
    ("perceptron", "densest_regions", AT_LOAD | {"distance": "0.1"}),
    ("perceptron", "alpha_u", {"margin": "0.0"}),
    ("perceptron", "alpha_u_infinite_replicas", {"margin": "0.0"}),
    ("perceptron", "alpha_u_real_replicas", {"margin": "0.0"}),
    ("perceptron", "alpha_u_reference", {"margin": "0.0"}),
    ("perceptron", "stability_load", {"margin": "0.0"}),
    ("perceptron", "stable_reference_margin", AT_LOAD),
    ("perceptron", "stability_distribution", {"load": "0.5", "constraint": "0.0", "stabilities": "[0.1, 0.2]"}),
    ("perceptron", "isolation_distance", {"load": "0.5", "half_width": "1.0"}),
    (
        "perceptron",
        "window_local_entropy",
        {"load": "0.5", "half_width": "1.0", "distance": "0.1", "reference_half_width": "0.9"},
    ),
    ("perceptron", "generalisation", {"load": "0.5"}),
    ("perceptron.theory.overview", "models", {"margin": "0.0", "half_width": "1.0"}),
    ("perceptron.patterns", "random_patterns", {"n_weights": "11", "n_patterns": "5", "rng": RNG}),
    ("perceptron.patterns", "teacher_student_patterns", {"n_weights": "11", "n_patterns": "5", "rng": RNG}),
    ("perceptron.patterns", "n_patterns_at", {"load": "0.5", "n_weights": "11"}),
    ("perceptron.patterns", "threshold_at", {"n_weights": "11", "margin": "0.1"}),
    ("perceptron.patterns", "load_patterns", {"path": "'instance.npz'"}),
    ("perceptron.enumeration.counts", "enumerate_instance", {"patterns": PATTERNS, "margin": "0.0"}),
    (
        "perceptron.enumeration.average",
        "average_log_count",
        {"n_weights": "9", "n_patterns": "4", "n_instances": "2", "margin": "0.0", "data_seed": "1"},
    ),
    (
        "perceptron.enumeration.solution_space",
        "list_solutions",
        {"patterns": PATTERNS, "margin": "0.0", "max_solutions": "100"},
    ),
    (
        "perceptron.solvers.registry",
        "solve",
        {"patterns": PATTERNS, "margin": "0.0", "solver": "'sbpi'", "limits": "Limits(1.0, 10)", "rng": RNG},
    ),
    ("perceptron.solvers.search", "Limits", {"max_seconds": "1.0", "max_sweeps": "3"}),
    (
        "perceptron.message_passing.belief_propagation",
        "belief_propagation",
        {"patterns": PATTERNS, "margin": "0.0", "node": "'gaussian'", "external": "0.1"},
    ),
    (
        "perceptron.message_passing.belief_propagation",
        "SweepOptions",
        {"damping": "0.5", "tolerance": "1e-5", "max_sweeps": "10"},
    ),
    (
        "perceptron.message_passing.local_entropy",
        "field_profile",
        {"patterns": PATTERNS, "weights": "numpy.ones(11)", "margin": "0.0", "fields": "[0.1]", "node": "'gaussian'"},
    ),
    ("perceptron.message_passing.local_entropy", "fields_for_distances", {"distances": "[0.1]"}),
    (
        "perceptron.solvers.study_store",
        "StudyPlan",
        {"solvers": "('sbpi',)", "sizes": "(21,)", "loads": "(0.2,)", "n_instances": "1", "margin": "0.0"},
    ),
    ("wl.tasks.tasks", "make_task", {"name": "'spiral'", "options": "TaskOptions(hidden='3')"}),
    ("wl.runs.goal", "Goal", {"steps": "100", "tolerance": "0.1"}),
    ("wl.interface.grid", "Range", {"lowest": "0.0", "highest": "1.0", "width": "0.1"}),
    ("wl.landscape.build", "load_landscape", {"path": "'run/landscape.nc'"}),
    ("wl.landscape.merge", "merge_landscapes", {"paths": "['run', 'run']", "output": "'merged.nc'"}),
    ("wl.networks.architecture", "Architecture", {"n_inputs": "2", "hidden": "(3,)", "n_outputs": "1"}),
    ("wl.networks.training.ensemble", "TrainingOptions", {"n_runs": "2", "learning_rate": "0.1", "n_epochs": "3"}),
    ("wl.networks.training.ensemble", "load_ensemble", {"path": "'instance.npz'"}),
    ("wl.networks.datasets.spiral", "spiral", {"n_train": "20", "n_test": "20", "data_seed": "1", "noise": "0.1"}),
    ("wl.networks.datasets.split", "load_dataset", {"path": "'instance.npz'"}),
    ("wl.networks.datasets.table", "read_table", {"path": "'table.csv'", "target": "'target'", "split": "'part'"}),
    ("wl.engine.settings", "preset_of", {"name": "'paper'"}),
    ("wl.runs.directory", "open_directory", {"path": "'run'"}),
)
