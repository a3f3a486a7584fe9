from cloud_sync.ioc import lines


def test_fields_keep_one_type_and_are_left_out_where_there_is_no_number():
    row = (
        "g",
        "m",
        "flow",
        "gauge",
        "m3/h",
        60000,
        1.0,
        0.5,
        None,
        2.0,
        None,
        60.0,
        60,
        59,
        192,
        None,
        None,
    )
    assert list(lines.summary(row)) == [
        "ria_summary,gateway=g,device=m,point=flow,kind=gauge,unit=m3/h "
        "mean=1.0,min=0.5,last=2.0,good_s=60.0,count=60i,good=59i,quality=192i 60000"
    ]


def test_time_in_state_is_a_line_for_each_value():
    row = (
        "g",
        "m",
        "valve",
        "state",
        "1",
        0,
        None,
        None,
        None,
        2.0,
        None,
        None,
        1,
        1,
        192,
        None,
        '{"-1":3.5,"2":56.5}',
    )
    assert list(lines.summary(row))[1:] == [
        "ria_state,gateway=g,device=m,point=valve,value=-1 seconds=3.5 0",
        "ria_state,gateway=g,device=m,point=valve,value=2 seconds=56.5 0",
    ]


def test_names_cannot_break_out_of_a_line():
    row = ("g", "a b,c=d\\", 'x"\n', 5, None, 1)
    assert list(lines.cell(row)) == [
        'ria_cell,gateway=g,device=a\\ b\\,c\\=d\\\\,point=x"\\  quality=1i 5'
    ]
    event = ("g", "event", "device_up", "", 7, 3, '{"why":"\\"x\\""}')
    assert list(lines.event(event)) == [
        'ria_event,gateway=g,lane=event,kind=device_up,subject=- seq=3i,detail="{\\"why\\":\\"\\\\\\"x\\\\\\"\\"}" 7'
    ]
