# Computes the figures of a publication again from its sums, and says how many digits agree.
# Base R alone. Run it in the folder of the CSV files:   Rscript recompute.R
# What stands in which column: codebook.txt. The algebra: a ratio of sums, linearised, by stratum and primary
# sampling unit; units in which nobody answered count as zeros (Woodruff 1971). The interval is that of Agresti
# and Coull at an effective size adjusted to the degrees of freedom (Korn and Graubard 1998). Raked weights make
# the variance that of residuals on the levels raked to (Deville and Sarndal 1992, section 3).

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
raked <- if (file.exists("raked_pairs.csv")) lapply(
  c(units = "raked_units.csv", pairs = "raked_pairs.csv", offices = "raked_offices.csv"), read)

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

# The sum over strata of n / (n - 1) times the squared distances of units from their mean; a stratum with a single
# unit counts its distance from the ratio in full.
variance_of <- function(z, stratum) {
  place <- match(stratum, unique(stratum))
  n <- tabulate(place)
  centre <- ifelse(n == 1, 0, as.vector(rowsum(z, place)) / n)
  sum((n / pmax(n - 1, 1))[place] * (z - centre[place])^2)
}

# What levels that were raked to explain of the influence of each unit: the weight of the levels in it times slopes.
# Levels say the same twice (the sexes add up to everybody, as the ages do), so directions without weight are left out.
inverse_of <- function(class) {
  pairs <- raked$pairs[raked$pairs$class == class, ]
  size <- max(pairs$level, pairs$other_level)
  common <- matrix(0, size, size)
  common[cbind(pairs$level, pairs$other_level)] <- pairs$w_base
  common[cbind(pairs$other_level, pairs$level)] <- pairs$w_base
  scale <- sqrt(ifelse(diag(common) > 0, diag(common), 1))
  found <- eigen(common / outer(scale, scale), symmetric = TRUE)
  kept <- found$values > 1e-10
  half <- found$vectors[, kept, drop = FALSE] %*% diag(1 / sqrt(found$values[kept]), sum(kept))
  tcrossprod(half) / outer(scale, scale)
}
inverses <- sapply(unique(raked$pairs$class), inverse_of, simplify = FALSE)

explained <- function(class, part, offices, columns, value, size, n_units) {
  inverse <- inverses[[class]]
  if (is.null(inverse)) return(0)
  rows <- raked$offices[raked$offices$class == class & raked$offices$office %in% offices, ]
  of <- function(name) rowSums(as.matrix(rows[paste0("base_", name, "_", columns)]))
  influence <- (of("satisfied") - value * of("valid")) / size
  slope <- inverse %*% by_unit(influence, rows$level, nrow(inverse))
  units <- raked$units[raked$units$class == class & raked$units$measures %in% part, ]
  by_unit(units$w * slope[units$level], units$psu + 1, n_units)
}

# Few people of whom nearly all are satisfied do not tell how alike a person's answers to several questions are: two
# people of one mind in everything are added to the n p (1 - p) that speak for the variance.
held_to_people <- function(size, p, n, answers) {
  promised <- min(size, answers)
  worth <- n * p * (1 - p)
  if (promised > n) (worth + 2) / (worth / promised + 2 / n) else promised
}

interval <- function(p, se, df, n, kish, answers) {
  if (p < 1e-12) p <- 0
  if (p > 1 - 1e-12) p <- 1
  variance <- if (se > 1e-12) se^2 else 0
  spread <- if (variance > 1e-24) p * (1 - p) else 0
  effective <- if (spread > 0) max(spread / variance, 1e-12) else min(kish, n)
  tail <- 1 - (1 - level) / 2
  element <- max(n - 1, df)
  size <- held_to_people(max(effective * (qt(tail, element) / qt(tail, df))^2, 1e-12), p, n, answers)
  q <- qnorm(tail)
  centre <- p + q^2 / (size + q^2) * (0.5 - p)
  half <- q * sqrt(centre * (1 - centre) / (size + q^2))
  c(low = min(max(centre - half, 0), p), high = max(min(centre + half, 1), p))
}

estimate <- function(class, office, measure) {
  part <- if (measure == "index") c("both", "index") else c("both", "items")
  units <- design[design$class == class & design$measures %in% part, ]
  units <- units[order(units$psu), ]
  inside <- below(office)
  rows <- sums[sums$class == class & sums$measures %in% part & sums$office %in% inside, ]
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
  z <- z - explained(class, part, inside, wanted$column, value, sum(valid), n_units)
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
  se <- sqrt(variance_of(z, stratum))
  share <- min(answers / (max(sum(rows$n_forms), 1) * nrow(wanted)), 1)
  kish <- sum(rows$w)^2 / sum(rows$w_squared) * share
  limits <- interval(value, se, df, answers / nrow(wanted), kish, answers)
  c(found, value = value, standard_error = se, low = limits[["low"]], high = limits[["high"]])
}

again <- lapply(seq_len(nrow(published)), function(row) {
  one <- published[row, ]
  as.data.frame(estimate(one$class, one$office, one$measure))
})
names_of <- c("value", "standard_error", "degrees_of_freedom", "low", "high", "n_respondents", "n_people", "n_answers")
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
if (worst > tolerance) {
  cat("NOT the same.\n")
  quit(status = 1)
}
cat(sprintf("The same, within %g.\n", tolerance))
