/** The database's functions that store batches: part of the schema, the same for PGlite and PostgreSQL. */
import { RANGES_MAX } from "../../protocol/wire/acknowledgement.js";
import { BATCH_ENTRIES_MAX } from "../../protocol/wire/batch.js";

/** Ranges that an answer names, and one that its cursor may reach. */
export const RANGES_READ = RANGES_MAX + 1;

export const SCHEMA_FUNCTIONS = `create function bistrina_cover(p_station text, p_epoch bigint, p_first bigint, p_last bigint)
returns void language plpgsql as $$
declare
	v_first bigint;
	v_last bigint;
begin
	-- Everything that overlaps or touches the new range melts into it. Ranges are apart from each other,
	-- so that nothing below the one at or before p_first can touch it: however many there are, none is read.
	with merged as (
		delete from coverage
		where station = p_station and epoch = p_epoch
			and first >= coalesce((select c.first from coverage c
				where c.station = p_station and c.epoch = p_epoch and c.first <= p_first
				order by c.first desc limit 1), p_first)
			and first <= p_last + 1 and last >= p_first - 1
		returning first, last
	)
	select least(p_first, min(first)), greatest(p_last, max(last)) into v_first, v_last from merged;
	insert into coverage values (p_station, p_epoch, coalesce(v_first, p_first), coalesce(v_last, p_last));
end $$;

-- Covers many ranges of a station. They are joined first, so that of what comes out none touches another, and
-- all that touches nothing stored either goes by one statement: 288 gaps one by one held an embedded
-- database for 40 ms, and with it every other station.
create function bistrina_cover_all(p_station text, p_epochs bigint[], p_firsts bigint[], p_lasts bigint[])
returns void language plpgsql as $$
declare
	v_epochs bigint[];
	v_firsts bigint[];
	v_lasts bigint[];
	v_touch boolean[];
begin
	with given as (
		select g.epoch, g.first, g.last, coalesce(g.first > 1 + max(g.last) over (
				partition by g.epoch order by g.first, g.last
				rows between unbounded preceding and 1 preceding), true) as begins
			from unnest(p_epochs, p_firsts, p_lasts) as g (epoch, first, last)
	), numbered as (
		select n.*, count(*) filter (where n.begins) over (
				partition by n.epoch order by n.first, n.last rows unbounded preceding) as island
			from given n
	), joined as (
		select n.epoch, min(n.first) as first, max(n.last) as last
			from numbered n group by n.epoch, n.island
	)
	-- Ranges are apart: when any touches it, the last one that begins at or below its end does.
	select array_agg(j.epoch), array_agg(j.first), array_agg(j.last), array_agg(coalesce(
			(select c.last from coverage c
				where c.station = p_station and c.epoch = j.epoch and c.first <= j.last + 1
				order by c.first desc limit 1) >= j.first - 1, false))
		into v_epochs, v_firsts, v_lasts, v_touch from joined j;
	insert into coverage select p_station, j.epoch, j.first, j.last
		from unnest(v_epochs, v_firsts, v_lasts, v_touch) as j (epoch, first, last, touches)
		where not j.touches;
	perform bistrina_cover(p_station, j.epoch, j.first, j.last)
		from unnest(v_epochs, v_firsts, v_lasts, v_touch) as j (epoch, first, last, touches)
		where j.touches;
end $$;

-- What an answer needs of the covered ranges: the one that begins at or below the floor, from which the
-- cursor follows, and the last five (one of which the cursor may reach). Never all of them: a station
-- may have any number.
create function bistrina_ranges(p_station text, p_epoch bigint, p_floor bigint)
returns table (range_firsts bigint[], range_lasts bigint[]) language sql stable as $$
	select array_agg(r.first order by r.first), array_agg(r.last order by r.first) from (
		(select c.first, c.last from coverage c
			where c.station = p_station and c.epoch = p_epoch and c.first <= greatest(p_floor, 1)
			order by c.first desc limit 1)
		union
		(select c.first, c.last from coverage c
			where c.station = p_station and c.epoch = p_epoch
			order by c.first desc limit ${RANGES_READ})
	) r
$$;

-- Stores a verified batch. p_heads holds h(first-1) .. h(last), 32 bytes each, or null when the batch
-- is not chained. p_owner is the key that the epoch began with, where the batch says so, else null. Outcomes:
-- stored, known (this very batch is), other-key, conflict, fork; with all but the first nothing is changed.
create function bistrina_store(
	p_station text, p_epoch bigint, p_first bigint, p_floor bigint,
	p_offsets integer[], p_canonical bytea, p_heads bytea, p_hash bytea, p_content bytea,
	p_envelope bytea, p_owner bytea, p_signed_by bytea,
	p_gap_sequences bigint[], p_gap_epochs bigint[], p_gap_firsts bigint[], p_gap_lasts bigint[],
	p_gap_heads bytea
) returns table (outcome text, held integer, floor_held bigint, range_firsts bigint[], range_lasts bigint[])
language plpgsql as $$
declare
	v_count constant integer := cardinality(p_offsets) - 1;
	v_last constant bigint := p_first + v_count - 1;
	v_zeros constant bytea := decode(repeat('00', 32), 'hex');
	v_held integer := 0;
	v_conflicts integer := 0;
	v_range_last bigint;
	v_floor bigint;
	v_owner bytea;
	v_has_previous boolean := false;
	v_has_last boolean := false;
	v_heads_met integer := 0;
	v_below bigint;
	v_head bytea;
	v_canonical bytea;
	v_walked integer := 0;
begin
	-- The station as a whole: a gap entry may speak of another epoch than its own.
	perform pg_advisory_xact_lock(hashtextextended(p_station, 0));
	select e.public_key into v_owner from epochs e where e.station = p_station and e.epoch = p_epoch;
	if v_owner <> p_owner then
		return query select 'other-key'::text, 0, 0::bigint, null::bigint[], null::bigint[];
		return;
	end if;
	-- The last range that begins in the batch or before it: when any overlaps, this one does.
	select c.last into v_range_last from coverage c
		where c.station = p_station and c.epoch = p_epoch and c.first <= v_last
		order by c.first desc limit 1;
	select f.floor into v_floor from floors f where f.station = p_station and f.epoch = p_epoch;

	-- Where nothing is covered, nothing is held and this batch was not stored before.
	if v_range_last >= p_first then
		if exists (select 1 from batches b where b.content = p_content) then
			return query select 'known'::text, v_count, v_floor, r.range_firsts, r.range_lasts
				from bistrina_ranges(p_station, p_epoch, v_floor) r;
			return;
		end if;
		select count(*), count(*) filter (where e.canonical <> substring(p_canonical
				from p_offsets[(e.sequence - p_first + 1)::integer] + 1
				for p_offsets[(e.sequence - p_first + 2)::integer]
					- p_offsets[(e.sequence - p_first + 1)::integer]))
			into v_held, v_conflicts
			from entries e
			where e.station = p_station and e.epoch = p_epoch and e.sequence between p_first and v_last;
		if v_conflicts > 0 then
			return query select 'conflict'::text, v_held, 0::bigint, null::bigint[], null::bigint[];
			return;
		end if;
	end if;

	if p_heads is not null then
		select count(*),
				count(*) filter (where h.head
					<> substring(p_heads from ((h.sequence - p_first + 1) * 32)::integer + 1 for 32)),
				coalesce(bool_or(h.sequence = p_first - 1), false),
				coalesce(bool_or(h.sequence = v_last), false)
			into v_heads_met, v_conflicts, v_has_previous, v_has_last
			from heads h
			where h.station = p_station and h.epoch = p_epoch
				and h.sequence between p_first - 1 and v_last;
		if v_heads_met = 0 then
			-- No stored head to compare with: the batch is inside a larger one, or after entries that
			-- came unchained. Walk to h(first-1) from the nearest head below, if all between is held.
			select h.sequence, h.head into v_below, v_head from heads h
				where h.station = p_station and h.epoch = p_epoch and h.sequence < p_first - 1
				order by h.sequence desc limit 1;
			if v_below >= p_first - 1 - ${BATCH_ENTRIES_MAX} then
				for v_canonical in
					select e.canonical from entries e
					where e.station = p_station and e.epoch = p_epoch
						and e.sequence between v_below + 1 and p_first - 1
					order by e.sequence
				loop
					v_head := sha256(v_head || v_canonical);
					v_walked := v_walked + 1;
				end loop;
				if v_walked = p_first - 1 - v_below and v_head <> substring(p_heads from 1 for 32) then
					v_conflicts := 1;
				end if;
			end if;
		end if;
	end if;
	if v_conflicts = 0 and cardinality(p_gap_sequences) > 0 then
		select count(*) into v_conflicts
			from generate_subscripts(p_gap_sequences, 1) i
			join heads h on h.station = p_station and h.epoch = p_gap_epochs[i]
				and h.sequence = p_gap_lasts[i]
			where substring(p_gap_heads from (i - 1) * 32 + 1 for 32) <> v_zeros
				and h.head <> substring(p_gap_heads from (i - 1) * 32 + 1 for 32);
	end if;
	if v_conflicts > 0 then
		return query select 'fork'::text, v_held, 0::bigint, null::bigint[], null::bigint[];
		return;
	end if;

	if v_owner is null and p_owner is not null then
		insert into epochs values (p_station, p_epoch, p_owner);
	end if;
	if v_held = 0 then
		-- Half the time of the other one: nothing can conflict, and nothing is looked for.
		insert into entries
			select p_station, p_epoch, p_first + i - 1,
				substring(p_canonical from p_offsets[i] + 1 for p_offsets[i + 1] - p_offsets[i])
			from generate_series(1, v_count) i;
	elsif v_held < v_count then
		insert into entries
			select p_station, p_epoch, p_first + i - 1,
				substring(p_canonical from p_offsets[i] + 1 for p_offsets[i + 1] - p_offsets[i])
			from generate_series(1, v_count) i
			on conflict do nothing;
	end if;
	insert into batches values
		(p_hash, p_station, p_epoch, p_first, v_last, p_floor, p_heads is not null, p_envelope,
			p_signed_by, p_content);
	if p_heads is not null then
		if not v_has_previous then
			insert into heads values
				(p_station, p_epoch, p_first - 1, substring(p_heads from 1 for 32));
		end if;
		if not v_has_last then
			insert into heads values
				(p_station, p_epoch, v_last, substring(p_heads from v_count * 32 + 1 for 32));
		end if;
	end if;
	if v_floor is null then
		insert into floors values (p_station, p_epoch, p_floor);
	elsif v_floor < p_floor then
		update floors set floor = p_floor where station = p_station and epoch = p_epoch;
	end if;
	v_floor := greatest(v_floor, p_floor);

	if cardinality(p_gap_sequences) > 0 then
		insert into gaps
			select p_station, p_gap_epochs[i], p_gap_firsts[i], p_gap_lasts[i], p_epoch, p_gap_sequences[i]
			from generate_subscripts(p_gap_sequences, 1) i on conflict do nothing;
		insert into heads
			select distinct on (p_gap_epochs[i], p_gap_lasts[i]) p_station, p_gap_epochs[i], p_gap_lasts[i],
				substring(p_gap_heads from (i - 1) * 32 + 1 for 32)
			from generate_subscripts(p_gap_sequences, 1) i
			where substring(p_gap_heads from (i - 1) * 32 + 1 for 32) <> v_zeros
			order by p_gap_epochs[i], p_gap_lasts[i], i
			on conflict do nothing;
		perform bistrina_cover_all(p_station, p_gap_epochs, p_gap_firsts, p_gap_lasts);
	end if;
	perform bistrina_cover(p_station, p_epoch, p_first, v_last);
	return query select 'stored'::text, v_held, v_floor, r.range_firsts, r.range_lasts
		from bistrina_ranges(p_station, p_epoch, v_floor) r;
end $$;

-- Stores verified batches of one transaction, sorted by station, epoch and first; each exactly as
-- bistrina_store would. Batch i (from 1) has entries p_starts[i] .. p_starts[i+1] - 1, counted from 0
-- over all of them; entry e has bytes p_offsets[e+1] .. p_offsets[e+2] - 1 of p_canonical. p_heads
-- holds one head more than there are entries for each batch, zeros when it is not chained; p_owners 33
-- bytes for each, zeros where the batch does not say; p_signers 8. Gap g belongs to batch p_gap_batches[g].
create function bistrina_store_all(
	p_stations text[], p_epochs bigint[], p_firsts bigint[], p_floors bigint[],
	p_starts integer[], p_offsets integer[], p_canonical bytea,
	p_are_chained boolean[], p_heads bytea,
	p_hashes bytea, p_contents bytea, p_envelope_starts integer[], p_envelopes bytea,
	p_owners bytea, p_signers bytea,
	p_gap_batches integer[], p_gap_sequences bigint[], p_gap_epochs bigint[],
	p_gap_firsts bigint[], p_gap_lasts bigint[], p_gap_heads bytea
) returns table (place integer, outcome text, held integer, floor_held bigint,
	range_firsts bigint[], range_lasts bigint[])
language plpgsql
-- Tables grow from nothing under plans that are made once: every access goes by an index.
set enable_seqscan = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_count constant integer := cardinality(p_stations);
	v_unknown constant bytea := decode(repeat('00', 33), 'hex');
	v_usual integer[];
	v_range_firsts bigint[];
	v_entry integer;
	v_entries integer;
begin
	perform pg_advisory_xact_lock(hashtextextended(b.station, 0)) from unnest(p_stations) as b (station);

	-- Usual is what follows the last entry that is covered, agrees with the head there and names no
	-- gap, in an epoch of the same key: then no entry of it is held, no head beyond, nor this envelope, and a statement each does
	-- for all of them. Of a station only the first batch counts: the next one meets what that stores.
	select array_agg(b.place), array_agg(b.range_first) into v_usual, v_range_firsts
		from (
			select b.place::integer as place, b.first,
				(select c.first from coverage c where c.station = b.station and c.epoch = b.epoch
					order by c.first desc limit 1) as range_first,
				(select c.last from coverage c where c.station = b.station and c.epoch = b.epoch
					order by c.first desc limit 1) as range_last,
				(select h.head from heads h where h.station = b.station and h.epoch = b.epoch
					and h.sequence = b.first - 1) as head,
				(select e.public_key from epochs e
					where e.station = b.station and e.epoch = b.epoch) as owner
			from unnest(p_stations, p_epochs, p_firsts, p_are_chained)
				with ordinality as b (station, epoch, first, is_chained, place)
			where b.is_chained and b.place <> all(p_gap_batches)
				and (b.place = 1 or (b.station, b.epoch)
					<> (p_stations[b.place::integer - 1], p_epochs[b.place::integer - 1]))
		) b
		where b.range_last = b.first - 1
			and b.head = substring(p_heads from 32 * (p_starts[b.place] + b.place - 1) + 1 for 32)
			and b.owner = substring(p_owners from 33 * (b.place - 1) + 1 for 33);

	if v_usual is not null then
		insert into entries
			select p_stations[u.place], p_epochs[u.place], p_firsts[u.place] + i - p_starts[u.place],
				substring(p_canonical from p_offsets[i + 1] + 1 for p_offsets[i + 2] - p_offsets[i + 1])
			from unnest(v_usual) as u (place)
				cross join lateral generate_series(p_starts[u.place], p_starts[u.place + 1] - 1) i;
		insert into batches
			select substring(p_hashes from 32 * (u.place - 1) + 1 for 32),
				p_stations[u.place], p_epochs[u.place], p_firsts[u.place],
				p_firsts[u.place] + p_starts[u.place + 1] - p_starts[u.place] - 1,
				p_floors[u.place], true,
				substring(p_envelopes from p_envelope_starts[u.place] + 1
					for p_envelope_starts[u.place + 1] - p_envelope_starts[u.place]),
				substring(p_signers from 8 * (u.place - 1) + 1 for 8),
				substring(p_contents from 32 * (u.place - 1) + 1 for 32)
			from unnest(v_usual) as u (place);
		insert into heads
			select p_stations[u.place], p_epochs[u.place],
				p_firsts[u.place] + p_starts[u.place + 1] - p_starts[u.place] - 1,
				substring(p_heads from 32 * (p_starts[u.place + 1] + u.place - 1) + 1 for 32)
			from unnest(v_usual) as u (place);
		-- The last range grows in its place.
		insert into coverage as c
			select p_stations[u.place], p_epochs[u.place], u.first,
				p_firsts[u.place] + p_starts[u.place + 1] - p_starts[u.place] - 1
			from unnest(v_usual, v_range_firsts) as u (place, first)
			on conflict (station, epoch, first) do update set last = excluded.last;
		insert into floors as f
			select p_stations[u.place], p_epochs[u.place], p_floors[u.place]
			from unnest(v_usual) as u (place)
			on conflict (station, epoch) do update set floor = excluded.floor
				where f.floor < excluded.floor;
		return query select u.place - 1, 'stored'::text, 0, f.floor, r.range_firsts, r.range_lasts
			from unnest(v_usual) as u (place)
			join floors f on f.station = p_stations[u.place] and f.epoch = p_epochs[u.place]
			cross join lateral bistrina_ranges(f.station, f.epoch, f.floor) r;
		if cardinality(v_usual) = v_count then
			return;
		end if;
	end if;

	for i in 1 .. v_count loop
		continue when i = any(v_usual);
		v_entry := p_starts[i];
		v_entries := p_starts[i + 1] - v_entry;
		return query select i - 1, s.* from bistrina_store(
			p_stations[i], p_epochs[i], p_firsts[i], p_floors[i],
			array(select p_offsets[v_entry + 1 + j] - p_offsets[v_entry + 1]
				from generate_series(0, v_entries) j order by j),
			substring(p_canonical from p_offsets[v_entry + 1] + 1
				for p_offsets[v_entry + v_entries + 1] - p_offsets[v_entry + 1]),
			case when p_are_chained[i]
				then substring(p_heads from 32 * (v_entry + i - 1) + 1 for 32 * (v_entries + 1)) end,
			substring(p_hashes from 32 * (i - 1) + 1 for 32),
			substring(p_contents from 32 * (i - 1) + 1 for 32),
			substring(p_envelopes from p_envelope_starts[i] + 1
				for p_envelope_starts[i + 1] - p_envelope_starts[i]),
			nullif(substring(p_owners from 33 * (i - 1) + 1 for 33), v_unknown),
			substring(p_signers from 8 * (i - 1) + 1 for 8),
			array(select p_gap_sequences[g] from generate_subscripts(p_gap_batches, 1) g
				where p_gap_batches[g] = i order by g),
			array(select p_gap_epochs[g] from generate_subscripts(p_gap_batches, 1) g
				where p_gap_batches[g] = i order by g),
			array(select p_gap_firsts[g] from generate_subscripts(p_gap_batches, 1) g
				where p_gap_batches[g] = i order by g),
			array(select p_gap_lasts[g] from generate_subscripts(p_gap_batches, 1) g
				where p_gap_batches[g] = i order by g),
			(select coalesce(string_agg(substring(p_gap_heads from 32 * (g - 1) + 1 for 32), ''::bytea
				order by g), ''::bytea) from generate_subscripts(p_gap_batches, 1) g
				where p_gap_batches[g] = i)
		) s;
	end loop;
end $$;
`;
