"""Blipnet's metadata. The exact versions of everything it needs are in constraints.txt."""

from setuptools import find_packages, setup

setup(
    name="blipnet-testbed",  # `blipnet` is the library for others, in the folder of that name
    version="0.1.0",
    description="Reproduce network blips between media clusters and measure what the listeners heard",
    license="MIT",
    python_requires=">=3.10",
    packages=find_packages(exclude=["tests", "tests.*"]),
    package_data={
        "topologies": ["catalogue/*.yaml", "*.schema.json"],
        "results": ["*.schema.json", "page/templates/*", "page/*.json"],
        "scenarios": ["**/*.yaml", "**/*.csv", "*.schema.json"],
    },
    install_requires=[
        "bokeh",
        "click",
        "hdrhistogram",
        "jinja2",
        "junitparser",
        "matplotlib",
        "networkx",
        "numba",
        "numpy",
        "os-ken",
        "polars[rtcompat]",
        "prometheus-client",
        "pydantic",
        "pyyaml",
        "redis",
        "rich",
        "scapy",
        "scipy",
        "typing-extensions",
    ],
    extras_require={
        "test": [
            "axe-playwright-python",
            "duckdb",
            "hypothesis",
            "jsonschema",
            "pandas",
            "playwright",
            "py-spy",
            "pyarrow",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
        ],
        "media": ["aioice", "aiortc"],
        "sweep": ["cryptography", "dask", "distributed"],
        "check": ["mypy", "ruff", "types-jsonschema", "types-pyyaml"],
    },
)
