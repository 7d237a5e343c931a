"""The developer portal: apps, registration, hospitals, class mode, the doctor and the rules.

developer, developer_views    the start page, the theme, and unknown addresses
apps, views                   the list of apps, and the page of one app with next_step
registration                  registers an app; app_edit changes one
app_policy, policy_form       the settings of an app; policy_form also has those of a hospital
app_faults, fault_views       injects faults into the requests of an app
hospitals                     adds, removes and changes hospitals
resources, resources_view     the protected resources of a hospital
time, time_view               the clock and the snapshots
lookup, lookup_view           the search in the header
class_overview                the teacher's pages; class_join and class_link let students join, class_views has the views
doctor, doctor_views          the doctor's page, with doctor_examples
doctor_process                examines a long text in its own process; diagnosis_views does it in this one
paste_views, diagnosis_views  what the doctor found
rules, rule_search            the rules and causes, and the search for them
"""
