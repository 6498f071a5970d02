-- How much of the spend carries a tag, month by month: coverage is the part of it with a value, right or wrong.
--
--   tag=             a key of tags.yaml; without it, each required one
--   cost=amortised   or unblended, net-amortised, net-unblended
--   from=            the first month, YYYY-MM; without it, the first there is
--   to=              the last month, YYYY-MM; without it, the last there is
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
SELECT
  billing_period AS month,
  key,
  SUM(cost) AS amount,
  SUM(CASE WHEN allowed THEN cost ELSE 0 END) AS right_value,
  SUM(CASE WHEN NOT allowed THEN cost ELSE 0 END) AS wrong_value,
  SUM(CASE WHEN value IS NULL THEN cost ELSE 0 END) AS untagged,
  ROUND(
    CAST(SUM(CASE WHEN value IS NULL THEN 0 ELSE cost END) AS DOUBLE) / NULLIF(CAST(SUM(cost) AS DOUBLE), 0), 4
  ) AS coverage
FROM tagged
WHERE part = 'sagemaker'
GROUP BY 1, 2
ORDER BY 1, 2
