-- Everything with one value of a tag, month by month: what was used, by which resource.
--
--   tag=             KEY=VALUE, which can also be given by itself: cost-center=ML-Sales
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
SELECT
  billing_period AS month,
  account,
  usage_group,
  usage_type,
  line_type,
  resource_id,
  SUM(cost) AS amount
FROM tagged
WHERE part = 'sagemaker' AND value = :value
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 7 DESC, 2, 3, 4, 5, 6
