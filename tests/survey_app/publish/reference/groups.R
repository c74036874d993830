# The index by sex and by age band, of provinces and offices, and how each group differs from the largest:
# by R's survey package, on tests/analysis/reference/sipas. Run there: Rscript groups.R > groups.csv
library(survey)
options(survey.lonely.psu = "adjust", digits = 12)
path <- "../../../analysis/reference/sipas/"
people <- read.csv(paste0(path, "respondents.csv"), na.strings = "")
items <- as.matrix(people[paste0("q", 1:22)])
valid <- !is.na(items) & items <= 5
people$valid <- rowSums(valid)
people$satisfied <- rowSums(valid & items >= 4)
given <- svydesign(ids = ~ward, strata = ~office, weights = ~w, data = people, nest = TRUE)

margins <- read.csv(paste0(path, "margins.csv"))
totals <- lapply(split(margins, margins$variable),
                 function(of) setNames(data.frame(of$level, of$N), c(of$variable[1], "Freq")))
raked <- rake(given, lapply(names(totals), function(name) as.formula(paste0("~", name))), totals,
              control = list(maxit = 200, epsilon = 1e-10))
# The errors of `rake` take residuals margin by margin, without weights; these are of one regression with the
# base weights.
people$raked <- weights(raked)
fitted <- svydesign(ids = ~ward, strata = ~office, weights = ~raked, data = people, nest = TRUE)
error_of <- function(influence, design) {
  if (design == "rake") influence <- resid(lm(influence ~ sex + age + field, people, weights = people$w))
  SE(svytotal(~influence, update(if (design == "rake") fitted else given, influence = influence)))
}

rows <- list()
add <- function(design, place, name, group, against, estimate, se, df, alpha) {
  estimate <- as.numeric(estimate)
  se <- as.numeric(se)
  t <- qt(1 - alpha / 2, df)
  rows[[length(rows) + 1]] <<- data.frame(design, place, variable = name, group, against, estimate, se, df,
                                           low = estimate - t * se, high = estimate + t * se)
}
for (design in c("wr", "rake")) for (level in c("province", "office")) for (name in c("sex", "age")) {
  if (design == "rake" && level == "office") next
  all <- if (design == "wr") given else fitted
  w <- weights(all)
  largest <- names(which.max(table(people[[name]])))
  others <- setdiff(sort(unique(people[[name]])), largest)
  for (place in sort(unique(people[[level]]))) {
    # An error is that of the total of influence values: R's svyby gives no covariance of ratios.
    told <- function(one) people[[level]] == place & people[[name]] == one
    ratio <- function(one) sum((w * people$satisfied)[told(one)]) / sum((w * people$valid)[told(one)])
    influence <- function(one) told(one) * (people$satisfied - ratio(one) * people$valid) /
      sum((w * people$valid)[told(one)])
    for (group in c(others, largest))
      add(design, place, name, group, "", ratio(group), error_of(influence(group), design),
          degf(subset(all, told(group))), 0.05)
    for (group in others)
      add(design, place, name, group, largest, ratio(group) - ratio(largest),
          error_of(influence(group) - influence(largest), design),
          degf(subset(all, told(group) | told(largest))), 0.05 / length(others))
  }
}
write.csv(format(do.call(rbind, rows), digits = 12, trim = TRUE), row.names = FALSE, quote = FALSE)
