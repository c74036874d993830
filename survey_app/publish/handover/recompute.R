# Computes the figures of a publication again from its sums, and says how many digits agree.
# Base R alone. Run it in the folder of the CSV files:   Rscript recompute.R
# What stands in which column: codebook.txt. The algebra: a ratio of sums, linearised, by stratum and primary
# sampling unit; units in which nobody answered count as zeros (Woodruff 1971). The interval is that of Agresti
# and Coull at an effective size adjusted to the degrees of freedom (Korn and Graubard 1998).

level <- 0.95
tolerance <- 1e-8
missing_texts <- ""

read <- function(name) {
  read.csv(name, stringsAsFactors = FALSE, na.strings = missing_texts, encoding = "UTF-8",
           colClasses = c(office = "character", parent = "character", class = "character")[
             intersect(names(read.csv(name, nrows = 1)), c("office", "parent", "class"))])
}

sums <- read("sums.csv")
design <- read("design.csv")
measures <- read("measures.csv")
offices <- read("offices.csv")
published <- read("published.csv")
calibrated <- any(grepl("^calibrated: yes", readLines("codebook.txt", encoding = "UTF-8")))

# All offices below one, itself among them.
below <- function(top) {
  found <- top
  repeat {
    more <- setdiff(offices$office[offices$parent %in% found], found)
    if (length(more) == 0) return(found)
    found <- c(found, more)
  }
}

# Sums of some columns over the rows of each sampling unit of the design.
by_unit <- function(values, unit, n_units) {
  total <- numeric(n_units)
  added <- tapply(values, unit, sum)
  total[as.integer(names(added))] <- added
  total
}

degrees <- function(answered, stratum) sum(answered) - length(unique(stratum[answered]))

interval <- function(p, se, df, n, kish) {
  if (p < 1e-12) p <- 0
  if (p > 1 - 1e-12) p <- 1
  variance <- if (se > 1e-12) se^2 else 0
  spread <- if (variance > 1e-24) p * (1 - p) else 0
  effective <- if (spread > 0) max(spread / variance, 1e-12) else kish
  tail <- 1 - (1 - level) / 2
  element <- max(n - 1, df)
  size <- min(max(effective * (qt(tail, element) / qt(tail, df))^2, 1e-12), n)
  q <- qnorm(tail)
  centre <- p + q^2 / (size + q^2) * (0.5 - p)
  half <- q * sqrt(centre * (1 - centre) / (size + q^2))
  c(low = min(max(centre - half, 0), p), high = max(min(centre + half, 1), p))
}

estimate <- function(class, office, measure) {
  part <- if (measure == "index") c("both", "index") else c("both", "items")
  units <- design[design$class == class & design$measures %in% part, ]
  units <- units[order(units$psu), ]
  rows <- sums[sums$class == class & sums$measures %in% part & sums$office %in% below(office), ]
  wanted <- measures[measures$class == class & measures$measure == measure, ]
  of <- function(name) as.matrix(rows[paste0(name, "_", wanted$column)])
  unit <- rows$psu + 1
  stratum <- units$stratum
  n_units <- nrow(units)
  satisfied <- by_unit(rowSums(of("w_satisfied")), unit, n_units)
  valid <- by_unit(rowSums(of("w_valid")), unit, n_units)
  counts <- of("valid")
  answers <- sum(counts)
  of_items <- tapply(colSums(counts), wanted$item, sum)
  found <- list(n_respondents = sum(rows$n_forms), n_answers = answers, n_people = max(of_items))
  if (nrow(wanted) == 1) found$n_respondents <- answers
  if (answers == 0) return(c(found, value = NA, standard_error = NA, degrees_of_freedom = NA, low = NA, high = NA))
  value <- sum(satisfied) / sum(valid)
  z <- (satisfied - value * valid) / sum(valid)
  here <- by_unit(rep(1, length(unit)), unit, n_units) > 0
  variance <- 0
  for (one in unique(stratum[here])) {
    inside <- stratum == one
    n <- sum(inside)
    # A stratum with a single unit counts its distance from the ratio in full.
    centre <- if (n == 1) 0 else mean(z[inside])
    variance <- variance + n / max(n - 1, 1) * sum((z[inside] - centre)^2)
  }
  answered <- by_unit(rowSums(counts), unit, n_units) > 0
  df <- degrees(answered, stratum)
  alone <- apply(counts, 2, function(column) {
    its <- by_unit(column, unit, n_units) > 0
    any(its) && degrees(its, stratum) < 1
  })
  found$degrees_of_freedom <- df
  if (any(alone) || df < 1) {
    return(c(found, value = NA, standard_error = NA, low = NA, high = NA))
  }
  se <- sqrt(variance)
  share <- min(answers / (max(sum(rows$n_forms), 1) * nrow(wanted)), 1)
  kish <- sum(rows$w)^2 / sum(rows$w_squared) * share
  limits <- interval(value, se, df, answers / nrow(wanted), kish)
  c(found, value = value, standard_error = se, low = limits[["low"]], high = limits[["high"]])
}

again <- lapply(seq_len(nrow(published)), function(row) {
  one <- published[row, ]
  as.data.frame(estimate(one$class, one$office, one$measure))
})
names_of <- c("value", "standard_error", "degrees_of_freedom", "low", "high", "n_respondents", "n_people", "n_answers")
# Raked weights make the variance that of residuals, which these sums do not hold: then the values alone are compared.
if (calibrated) names_of <- setdiff(names_of, c("standard_error", "low", "high"))
again <- do.call(rbind, lapply(again, function(one) one[names_of]))

told <- !is.na(published$value)
worst <- 0
for (name in names_of) {
  if (any(is.na(again[told, name]))) stop(name, ": published, and not estimable here")
  apart <- abs(again[told, name] - published[told, name])
  place <- which.max(apart)
  worst <- max(worst, apart)
  cat(sprintf("%-20s %6d figures, largest difference %.3g (%s, %s)\n", name, sum(told), max(apart),
              published$office[told][place], published$measure[told][place]))
}
extra <- !told & !is.na(again$value)
if (any(extra)) stop("estimable here, and not published: ", sum(extra))
cat(sprintf("%d figures have no estimate, here and there.\n", sum(!told)))
if (calibrated) cat("The weights are raked: standard errors and intervals were not computed.\n")
if (worst > tolerance) {
  cat("NOT the same.\n")
  quit(status = 1)
}
cat(sprintf("The same, within %g.\n", tolerance))
