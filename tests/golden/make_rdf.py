"""Writes rdf_memprot.csv: run with MDAnalysis 2.11.0 and MDAnalysisTests 2.11.0."""

from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis.rdf import InterRDF
from MDAnalysisTests.datafiles import GRO_MEMPROT, XTC_MEMPROT

u = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
od1, od2, phosphorus = (u.select_atoms(s) for s in ("resname ASP and name OD1", "resname ASP and name OD2", "name P"))
runs = {
    "asp": InterRDF(od1, od2),
    "asp_apart": InterRDF(od1, od2, exclusion_block=(1, 1)),
    "p": InterRDF(phosphorus, phosphorus, norm="density"),
    "p_apart": InterRDF(phosphorus, phosphorus, exclude_same="residue"),
}
columns = {}
for name, analysis in runs.items():
    found = analysis.run().results
    columns[f"{name}_count"], columns[f"{name}_rdf"] = found.count, found.rdf
header = f"""# GRO_MEMPROT and XTC_MEMPROT of MDAnalysisTests, computed by MDAnalysis {mda.__version__}'s
# analysis.rdf.InterRDF with 75 bins from 0 to 15 A. asp: OD1 and OD2 of ASP; asp_apart: exclusion_block=(1, 1).
# p: name P with itself, norm='density' (A^-3); p_apart: exclude_same='residue'.
{",".join(columns)}
"""
rows = np.column_stack(list(columns.values()))
lines = (",".join(f"{value:.0f}" if i % 2 == 0 else f"{value:.14g}" for i, value in enumerate(row)) for row in rows)
Path(__file__).with_name("rdf_memprot.csv").write_text(header + "\n".join(lines) + "\n")
