-- What changed most from one month to the next, by tag value and use.
--
--   tag=             a key of tags.yaml; without it, each required one
--   month=           YYYY-MM, compared with the month before it; without it, the last whole month
--   limit=20         how many, of each key
--   cost=amortised   or unblended, net-amortised, net-unblended
--   currency=        USD, ...; needed only where the bill has several
-- Leaves out: tax, support, commitment, other
WITH compared AS (
  SELECT
    key,
    COALESCE(value, '(untagged)') AS value,
    usage_group,
    SUM(CASE WHEN billing_period = :before THEN cost ELSE 0 END) AS before,
    SUM(CASE WHEN billing_period = :month THEN cost ELSE 0 END) AS after
  FROM tagged
  WHERE part = 'sagemaker' AND billing_period IN (:before, :month)
  GROUP BY 1, 2, 3
),
ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY key ORDER BY ABS(after - before) DESC, value, usage_group) AS place
  FROM compared
)
SELECT key, value, usage_group, before, after, after - before AS change
FROM ranked
WHERE place <= :limit
ORDER BY key, place
