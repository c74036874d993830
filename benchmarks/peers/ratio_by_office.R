# The index of each office by survey's svyby, on the design that R holds ready.
# Arguments: CSV with office, psu, weight, satisfied, valid (counts of a respondent's answers); where to write.
suppressPackageStartupMessages(library(survey))
arguments <- commandArgs(trailingOnly = TRUE)
responses <- read.csv(arguments[1])
design <- svydesign(ids = ~psu, strata = ~office, weights = ~weight, data = responses)
seconds <- system.time(
  found <- svyby(~satisfied, ~office, denominator = ~valid, design, svyratio)
)[["elapsed"]]
write.csv(
  data.frame(office = found$office, value = as.numeric(coef(found)), standard_error = as.numeric(SE(found))),
  arguments[2],
  row.names = FALSE
)
cat(sprintf('{"seconds": [%.6f]}\n', seconds))
